//! Files of tickets: a row each, beside bytes that are on the disk already. Attached to nothing they go after a day.

use crate::domain::file::{MAX_ATTACHED, MAX_FILES, StoredFile, UNATTACHED_FOR};
use crate::domain::reference::Reference;
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::portal::NewFile;
use crate::engine::rows::key;
use crate::store::records::LooseFile;
use crate::store::{Order, Table};

/// Rows looked at by one sweep.
const SWEPT: usize = 500;

pub fn add(draft: &mut Draft<'_>, reference: &Reference, new: &NewFile) -> Result<Reply, Refusal> {
    let ticket = draft.ticket(reference)?;
    if draft.rows().files(ticket.number)?.len() >= MAX_FILES {
        let why = format!("ticket #{} has {MAX_FILES} files already", ticket.number);
        return Err(Refusal::Conflict(why));
    }
    let file = StoredFile {
        id: draft.next("file", 1)?,
        ticket: ticket.number,
        name: new.name.clone(),
        media_type: new.media_type.clone(),
        bytes: new.bytes,
        sha256: new.sha256,
        key: Some(new.key.clone()),
        entry: None,
        uploaded_by: draft.ctx.actor.name().to_owned(),
        uploaded_at: draft.ctx.now,
        arrived_at: draft.ctx.steady,
    };
    draft.put(&key::pair(ticket.number, file.id), &file);
    draft.put(&loose(&file), &LooseFile { ticket: ticket.number });
    Ok(Reply::File(Box::new(file)))
}

fn loose(file: &StoredFile) -> [u8; 16] {
    key::pair(file.arrived_at.0.max(0) as u64, file.id)
}

pub fn remove(draft: &mut Draft<'_>, reference: &Reference, id: u64) -> Result<Reply, Refusal> {
    let ticket = draft.ticket(reference)?;
    let row = key::pair(ticket.number, id);
    let file = draft.get::<StoredFile>(&row)?;
    let file = file.ok_or_else(|| Refusal::NotFound("such file of this ticket".into()))?;
    if let Some(entry) = file.entry {
        let why = format!("file {id} is attached to entry {entry}: it stays as long as that does");
        return Err(Refusal::Conflict(why));
    }
    draft.delete(Table::Files, &row);
    draft.delete(Table::LooseFiles, &loose(&file));
    Ok(Reply::Done)
}

/// What is wrong with attaching these files to something new of a ticket, if anything.
pub fn check(draft: &Draft<'_>, ticket: u64, ids: &[u64]) -> Result<Vec<StoredFile>, Refusal> {
    let invalid = |why: String| Refusal::Invalid { field: "attachments", why };
    if ids.len() > MAX_ATTACHED {
        return Err(invalid(format!("must be at most {MAX_ATTACHED} files")));
    }
    let mut files: Vec<StoredFile> = Vec::with_capacity(ids.len());
    for id in ids {
        let file = draft.get::<StoredFile>(&key::pair(ticket, *id))?;
        let file = file.filter(|f| f.entry.is_none() && !files.iter().any(|one| one.id == f.id));
        files.push(file.ok_or_else(|| {
            invalid(format!("{id} is no file of this ticket that waits to be attached"))
        })?);
    }
    Ok(files)
}

/// Attaches files that were checked.
pub fn attach(draft: &mut Draft<'_>, files: Vec<StoredFile>, entry: u32) {
    for file in files {
        draft.delete(Table::LooseFiles, &loose(&file));
        let file = StoredFile { entry: Some(entry), ..file };
        draft.put(&key::pair(file.ticket, file.id), &file);
    }
}

/// Adds files that came with an entry; gives how many found no room.
pub fn attach_new(
    draft: &mut Draft<'_>,
    ticket: u64,
    files: &[NewFile],
    entry: u32,
) -> Result<usize, Refusal> {
    let room = MAX_FILES.saturating_sub(draft.rows().files(ticket)?.len()).min(MAX_ATTACHED);
    for new in files.iter().take(room) {
        let file = StoredFile {
            id: draft.next("file", 1)?,
            ticket,
            name: new.name.clone(),
            media_type: new.media_type.clone(),
            bytes: new.bytes,
            sha256: new.sha256,
            key: Some(new.key.clone()),
            entry: Some(entry),
            uploaded_by: draft.ctx.actor.name().to_owned(),
            uploaded_at: draft.ctx.now,
            arrived_at: draft.ctx.steady,
        };
        draft.put(&key::pair(ticket, file.id), &file);
    }
    Ok(files.len().saturating_sub(room))
}

/// Removes what nobody attached for a day; gives how many rows.
pub fn sweep(draft: &mut Draft<'_>) -> Result<usize, Refusal> {
    let until = draft.ctx.steady.plus(-UNATTACHED_FOR).0.max(0) as u64;
    let end = key::pair(until, 0);
    let rows = draft.rows().scan::<LooseFile>(&[], Some(&end), Order::Ascending, SWEPT)?;
    let removed = rows.len();
    for (row, LooseFile { ticket }) in rows {
        if let Some((_, id)) = key::numbers(&row) {
            draft.delete(Table::Files, &key::pair(ticket, id));
        }
        draft.delete(Table::LooseFiles, &row);
    }
    Ok(removed)
}
