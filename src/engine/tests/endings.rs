//! Duplicates that are merged, and taken apart again; tickets that are deleted and come back.

use std::collections::HashSet;

use super::{Desk, agent};
use crate::domain::agent::Role;
use crate::domain::reference::Reference;
use crate::engine::command::{Actor, Command, Refusal, Reply};
use crate::engine::desk::TicketChange;

#[derive(Default)]
pub struct Endings {
    /// Who took part in a merge: their timelines are two in one.
    pub mixed: HashSet<u64>,
}

fn admin() -> Actor {
    Actor::Agent { id: 9, name: "admin".into(), role: Role::Admin, sees_all: true }
}

fn change(ticket: u64, change: TicketChange) -> Command {
    Command::ChangeTicket { ticket: Reference::Number(ticket), expected: None, change }
}

impl Endings {
    pub fn merges(&mut self, desk: &mut Desk, into: u64, other: u64) {
        let [before, gone] = [into, other].map(|number| desk.entries(number).len());
        let others = vec![Reference::Number(other)];
        let command = Command::MergeTickets { into: Reference::Number(into), others, reason: None };
        match desk.ask(&admin(), command) {
            Ok((Reply::Edited { ticket, .. }, true)) => {
                assert_eq!(ticket.number, into);
                assert_eq!(desk.entries(into).len(), before + gone, "nothing is lost or doubled");
                let named = desk.rows().resolve(&Reference::Number(other)).unwrap();
                assert_eq!(named.map(|ticket| ticket.number), Some(into), "its name leads on");
                self.mixed.extend([into, other]);
            }
            Err(Refusal::Invalid { .. }) => assert_eq!(into, other, "no ticket into itself"),
            other => panic!("{other:?}"),
        }
    }

    pub fn takes_apart(&self, desk: &mut Desk, which: usize) {
        let merged: Vec<_> = desk.tickets().into_iter().filter(|t| t.merged.is_some()).collect();
        let Some(at) = which.checked_rem(merged.len()) else { return };
        let ticket = &merged[at];
        let listed = desk.entries(ticket.number);
        match desk.ask(&admin(), change(ticket.number, TicketChange::Unmerge)) {
            Ok((Reply::Edited { ticket: whole, .. }, true)) => {
                assert!(whole.merged.is_none());
                assert_eq!(Some(whole.status), ticket.merged.as_ref().map(|m| m.was));
                assert_eq!(desk.entries(ticket.number), listed);
            }
            Err(Refusal::Conflict(_)) => {
                assert!(desk.ticket(ticket.number).merged.is_some(), "nothing was changed");
            }
            other => panic!("{other:?}"),
        }
    }

    pub fn deletes(&self, desk: &mut Desk, ticket: u64) {
        desk.ask(&admin(), change(ticket, TicketChange::Delete)).unwrap();
        let seen = desk.ask(&agent(1), change(ticket, TicketChange::Hold(true)));
        assert!(matches!(seen, Err(Refusal::NotFound(_))), "{seen:?}");
    }

    pub fn restores(&self, desk: &mut Desk, which: usize) {
        let gone: Vec<_> = desk.tickets().into_iter().filter(|t| t.deleted.is_some()).collect();
        let Some(at) = which.checked_rem(gone.len()) else { return };
        let before = &gone[at];
        match desk.ask(&admin(), change(before.number, TicketChange::Restore)) {
            Ok((Reply::Edited { ticket, .. }, true)) => {
                assert!(ticket.deleted.is_none() && ticket.status == before.status);
            }
            Err(Refusal::Conflict(_)) => {
                assert!(before.status.is_open(), "its chat goes on elsewhere")
            }
            other => panic!("{other:?}"),
        }
    }
}
