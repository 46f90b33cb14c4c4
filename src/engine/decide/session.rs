//! Sessions: how they begin, go on and end.

use super::account::{account, wrong_password};
use crate::domain::agent::Agent;
use crate::domain::session::{Account, Link, MAX_SESSIONS, Proof, Session};
use crate::domain::totp;
use crate::engine::account::{Ending, NewSession};
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::rows::key;
use crate::store::{Order, Table};

pub fn begin(draft: &mut Draft<'_>, new: &NewSession) -> Result<Reply, Refusal> {
    let agent = draft.get::<Agent>(&key::number(new.agent))?;
    let agent = agent.filter(|a| a.disabled_at.is_none()).ok_or_else(wrong_password)?;
    let account = account(draft, agent.id)?;
    if account.password.as_ref() != Some(&new.checked) {
        return Err(wrong_password());
    }
    if account.asks_for().is_some() {
        take_code(draft, agent.id, account, new.code.as_deref())?;
    }
    let theirs = draft.rows().sessions_of(agent.id)?;
    let surplus = (theirs.len() + 1).saturating_sub(MAX_SESSIONS);
    for oldest in &theirs[..surplus] {
        draft.delete(Table::Sessions, &key::of_person(agent.id, oldest.id));
    }
    let session = Session {
        id: draft.next("session", 1)?,
        agent: agent.id,
        proof: new.proof.clone(),
        ends: draft.ctx.steady.plus(new.life),
        idle: new.idle,
        began_at: draft.ctx.now,
        address: new.address,
        client: new.client.clone(),
    };
    draft.put(&key::of_person(agent.id, session.id), &session);
    Ok(Reply::Session(Box::new(session)))
}

/// Takes the code of an app, or a recovery code, for good.
fn take_code(
    draft: &mut Draft<'_>,
    agent: u64,
    mut account: Account,
    code: Option<&str>,
) -> Result<(), Refusal> {
    let refused = |why| Refusal::Unauthorized { why, wants_code: true };
    let code = code.ok_or(refused("a code of the second factor is needed, in `totp`"))?;
    let Some(factor) = &mut account.second_factor else { return Ok(()) };
    let step = totp::accepted(&factor.secret, code, draft.ctx.now, factor.used);
    let recovery = totp::recovery_hash(code);
    match (step, factor.recovery.iter().position(|left| *left == recovery)) {
        (Some(step), _) => factor.used = step,
        (None, Some(place)) => _ = factor.recovery.remove(place),
        (None, None) => return Err(refused("this code is wrong, or was used before")),
    }
    draft.put(&key::number(agent), &account);
    Ok(())
}

/// [`Reply::Done`] where the token was used before: then its session has ended.
pub fn refresh(
    draft: &mut Draft<'_>,
    (agent, session): (u64, u64),
    (family, current): (&[u8; 32], &[u8; 32]),
    next: &[u8; 32],
) -> Result<Reply, Refusal> {
    let row = key::of_person(agent, session);
    let found = draft.get::<Session>(&row)?;
    let known = |s: &Session| matches!(&s.proof, Proof::Refresh { family: of, .. } if of == family);
    let mut session = found.filter(known).ok_or(Refusal::Unauthorized {
        why: "this refresh token is unknown, or its session has ended",
        wants_code: false,
    })?;
    let Proof::Refresh { current: in_force, .. } = &mut session.proof else {
        return Ok(Reply::Done);
    };
    if in_force != current {
        draft.delete(Table::Sessions, &row);
        draft.notice("a refresh token was used twice: its session has ended".into());
        return Ok(Reply::Done);
    }
    *in_force = *next;
    draft.put(&row, &session);
    Ok(Reply::Session(Box::new(session)))
}

pub fn end(draft: &mut Draft<'_>, agent: u64, which: Ending) -> Result<(), Refusal> {
    let ends = |id: u64| match which {
        Ending::One(one) => id == one,
        Ending::AllBut(kept) => Some(id) != kept,
    };
    let theirs = draft.rows().sessions_of(agent)?;
    let ended: Vec<_> = theirs.into_iter().filter(|session| ends(session.id)).collect();
    if let (Ending::One(id), true) = (which, ended.is_empty()) {
        return Err(Refusal::NotFound(format!("session {id}")));
    }
    for session in ended {
        draft.delete(Table::Sessions, &key::of_person(agent, session.id));
    }
    Ok(())
}

/// Removes sessions and links that are past their time.
pub fn sweep(draft: &mut Draft<'_>) -> Result<usize, Refusal> {
    let now = draft.ctx.steady;
    let sessions = draft.rows().sessions()?.into_iter().filter(|session| session.ends <= now);
    let sessions: Vec<_> = sessions.map(|s| key::of_person(s.agent, s.id)).collect();
    let links = draft.rows().scan::<Link>(&[], None, Order::Ascending, usize::MAX)?;
    let links: Vec<_> = links.into_iter().filter(|(_, link)| link.expires <= now).collect();
    for row in &sessions {
        draft.delete(Table::Sessions, row);
    }
    for (row, _) in &links {
        draft.delete(Table::Links, row);
    }
    Ok(sessions.len() + links.len())
}
