//! All that is held of a person as one JSON document, streamed: a ticket is read when the client has taken those before.
//! A failure ends the body early: it is no JSON then, and the client sees that.

use std::io;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use serde::Serialize;

use super::State;
use super::attachments::FileView;
use super::contacts_view::ContactView;
use super::ticket_view::{TicketView, show};
use super::tickets::EntryView;
use crate::domain::entry::Entry;
use crate::engine::contacts::Tally;
use crate::engine::holdings::Holdings;
use crate::engine::rows::{ReadError, Rows};

/// A ticket with all that is said in it.
#[derive(Serialize)]
struct ExportedTicket {
    ticket: TicketView,
    timeline: Vec<EntryView>,
    files: Vec<FileView>,
}

pub fn stream(state: &State, held: Holdings) -> Response {
    let tally = Tally { tickets: held.tickets.len() as u64, open: held.open };
    let contact = held.known.as_ref().map(|known| ContactView::of(known, tally));
    let head = serde_json::to_string(&contact).map(|contact| {
        let (now, former) = (state.engine.shared().now(), former(&held));
        format!("{{\"exported_at\":{now:?},\"contact\":{contact},\"former_ids\":{former:?},\"tickets\":[", now = now.to_string())
    });
    let parts = held.tickets.into_iter();
    let rest = (state.clone(), parts, Some(head), true);
    let stream = unfold(Some(rest), |rest| async move {
        let (state, mut numbers, mut head, is_first) = rest?;
        if let Some(head) = head.take() {
            let head = head.map(Bytes::from).map_err(io::Error::other);
            return Some((head, Some((state, numbers, None, true))));
        }
        let Some(number) = numbers.next() else {
            return Some((Ok(Bytes::from_static(b"]}\n")), None));
        };
        let reading = state.clone();
        let read = tokio::task::spawn_blocking(move || {
            reading.engine.read(|rows| ticket(&reading, &rows, number))
        });
        let read = match read.await {
            Ok(read) => read.map_err(io::Error::other),
            Err(panicked) => Err(io::Error::other(panicked)),
        };
        let text = read.and_then(|found| match found {
            None => Ok((String::new(), is_first)),
            Some(found) => {
                let text = serde_json::to_string(&found).map_err(io::Error::other)?;
                Ok((format!("{}{text}", if is_first { "\n" } else { ",\n" }), false))
            }
        });
        match text {
            Ok((text, is_first)) => {
                Some((Ok(Bytes::from(text)), Some((state, numbers, None, is_first))))
            }
            Err(error) => Some((Err(error), None)),
        }
    });
    let name = "attachment; filename=\"person.json\"";
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CONTENT_DISPOSITION, name),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::from_stream(stream)).into_response()
}

fn former(held: &Holdings) -> &[u64] {
    held.known.as_ref().and_then(|known| known.ids.get(1..)).unwrap_or_default()
}

/// A ticket as admins see it; none if it is gone meanwhile.
fn ticket(
    state: &State,
    rows: &Rows<'_>,
    number: u64,
) -> Result<Option<ExportedTicket>, ReadError> {
    let Some(ticket) = rows.ticket(number)? else { return Ok(None) };
    let entries = rows.whole_timeline(&ticket)?;
    let view = |entry: Entry| {
        let marks = rows.marks(&entry)?;
        Ok(EntryView::from(entry).marked(marks, true))
    };
    let timeline = entries.into_iter().map(view).collect::<Result<_, ReadError>>()?;
    Ok(Some(ExportedTicket {
        timeline,
        files: rows.files(number)?.iter().map(FileView::from).collect(),
        ticket: show(state, rows, ticket)?,
    }))
}
