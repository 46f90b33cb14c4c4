//! What a dial-out source of calls delivers: many calls over one stream, and how far the stream was taken.
//!
//! The words and the position behind them are one plan, so whatever a source sends again after a break is
//! told by its number. A session of a source is one call for good: it goes on in its ticket after an hour of
//! silence too, and only what comes again for a call that has ended is passed over. While a call runs, its
//! items are known and tell by themselves what came before, also where a source renumbers.

use super::{call, call_facts};
use crate::domain::call::{OpenCall, RUNNING};
use crate::domain::reference::Reference;
use crate::domain::source::{Mark, SourcePosition};
use crate::domain::status::Status;
use crate::engine::command::{CallEvent, Delivered, Happening, NewCall, Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::key;

pub fn take(draft: &mut Draft<'_>, delivered: &Delivered) -> Result<Reply, Refusal> {
    let row = delivered.source.as_bytes();
    let before = draft.get::<SourcePosition>(row)?.filter(|p| p.stream == delivered.stream);
    let mut reached = before.as_ref().and_then(|p| p.at.seq());
    for event in &delivered.calls {
        let again = event.seq.is_some_and(|seq| reached.is_some_and(|reached| seq <= reached));
        take_event(draft, event, again)?;
        reached = reached.max(event.seq);
    }
    if let Some(at) = delivered.position.clone() {
        let at: Mark = at.after(before.as_ref().map(|p| &p.at));
        let position = SourcePosition { stream: delivered.stream.clone(), at };
        if before.as_ref() != Some(&position) {
            draft.put(row, &position);
        }
    }
    Ok(Reply::Done)
}

fn take_event(draft: &mut Draft<'_>, event: &CallEvent, again: bool) -> Result<(), Refusal> {
    let session_id = &event.call.session_id;
    let session = key::session(&draft.ctx.seal.hash("session", &[session_id.as_bytes()]));
    let known = draft.rows().pointer(&session)?;
    let runs = match known {
        Some(number) => draft.get::<OpenCall>(&key::number(number))?.is_some(),
        None => false,
    };
    let ended = matches!(event.happening, Happening::Ended);
    let number = match known {
        Some(number) if runs => number,
        Some(_) if again || ended => return Ok(()),
        Some(number) => go_on(draft, number, &event.call)?,
        None if ended => return Ok(()),
        None => match call::open(draft, &NewCall { connection: None, ..event.call.clone() })? {
            Reply::Call { ticket, .. } => ticket.number,
            other => return Err(Refusal::Store(format!("opening a call gave {other:?}"))),
        },
    };
    match &event.happening {
        Happening::Facts(facts) => {
            call_facts::record(draft, number, event.event_id.as_deref(), facts)?;
            call::heard(draft, number)?;
        }
        Happening::Ended => {
            call::end(draft, &Reference::Number(number), None, true)?;
        }
    }
    Ok(())
}

/// A call that was taken for ended, since nothing came for long, goes on.
fn go_on(draft: &mut Draft<'_>, number: u64, call: &NewCall) -> Result<u64, Refusal> {
    call::has_room(draft)?;
    draft.count(RUNNING)?;
    let row = OpenCall {
        ticket: number,
        session_id: call.session_id.clone(),
        connection: None,
        detached_at: None,
        items: 0,
        heard_at: draft.ctx.steady,
    };
    draft.put(&key::number(number), &row);
    let mut ticket = draft.ticket(&Reference::Number(number))?;
    ticket.call_running = true;
    if ticket.status == Status::Closed {
        draft.set_status(&mut ticket, Status::Open, Some("its call goes on"));
    }
    ticket.updated_at = draft.ctx.now;
    draft.put_ticket(&ticket)?;
    draft.event(EventKind::CallResumed, Some(number));
    Ok(number)
}
