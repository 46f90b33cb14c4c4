//! Contacts as people keep them: what is noted of somebody is never lost, and their tickets go with them.

use super::messages::addresses;
use super::steps::Under;
use super::{Desk, agent};
use crate::domain::contact::Contact;
use crate::domain::profile::Profile;
use crate::engine::command::{Command, Refusal, Reply};
use crate::engine::contacts::{ContactChanges, ContactCommand, Split};
use crate::engine::index::Filter;
use crate::store::Order;

#[derive(Default)]
pub struct Contacts {
    /// Names of attributes that were noted, of anybody.
    noted: Vec<String>,
}

fn ask(desk: &mut Desk, command: ContactCommand) -> Result<Contact, Refusal> {
    match desk.ask(&agent(1), Command::Contact(command)) {
        Ok((Reply::Contact(contact), _)) => Ok(*contact),
        Ok(other) => panic!("{other:?}"),
        Err(refusal) => Err(refusal),
    }
}

/// The tickets of a contact, by whichever of its ids.
fn tickets(desk: &Desk, id: u64) -> Vec<u64> {
    desk.index.theirs(&desk.rows().ids_of(id).unwrap(), &Filter::default())
}

impl Contacts {
    pub fn is_noted(&mut self, desk: &mut Desk, person: usize, vip: bool) {
        let Some(id) = desk.contact_of(&addresses(person, Under::Both)) else { return };
        let name = format!("noted {}", self.noted.len());
        let changes = ContactChanges {
            vip: Some(vip),
            attributes: [(name.clone(), Some("yes".into()))].into(),
            ..ContactChanges::default()
        };
        ask(desk, ContactCommand::Change { id, changes: Box::new(changes) }).unwrap();
        let known = desk.rows().known_contact(id).unwrap().unwrap();
        assert_eq!((known.profile.vip, known.profile.attribute(&name)), (vip, Some("yes")));
        self.noted.push(name);
    }

    pub fn are_one(&self, desk: &mut Desk, person: usize, into: usize) {
        let of = |desk: &Desk, person| desk.contact_of(&addresses(person, Under::Both));
        let (Some(id), Some(into)) = (of(desk, person), of(desk, into)) else { return };
        let (theirs, own) = (tickets(desk, id), tickets(desk, into));
        match ask(desk, ContactCommand::Merge { id, into }) {
            Ok(survivor) => {
                assert_eq!(survivor.id, into);
                for one in [id, into] {
                    let known = desk.rows().known_contact(one).unwrap().unwrap();
                    assert_eq!(known.contact.id, into, "both names lead to the survivor");
                }
                let mut all = [theirs, own].concat();
                all.sort_unstable();
                let mut found = tickets(desk, id);
                found.sort_unstable();
                assert_eq!(found, all, "the survivor has the tickets of both");
            }
            Err(Refusal::Conflict(_)) => assert_eq!(id, into),
            other => panic!("{other:?}"),
        }
    }

    pub fn is_two(&self, desk: &mut Desk, person: usize, under: Under) {
        let leaving = addresses(person, under);
        let Some(id) = desk.contact_of(&leaving) else { return };
        let contact = desk.contact(id);
        let leaving: Vec<String> =
            leaving.into_iter().filter(|address| contact.addresses.contains(address)).collect();
        let stays: Vec<String> =
            contact.addresses.into_iter().filter(|address| !leaving.contains(address)).collect();
        let split = Split { id, addresses: leaving.clone(), ..Split::default() };
        match ask(desk, ContactCommand::Split(Box::new(split))) {
            Ok(other) => {
                assert_ne!(other.id, id);
                let moved = |address: &String| desk.contact_of(std::slice::from_ref(address));
                assert!(leaving.iter().all(|address| moved(address) == Some(other.id)));
                assert!(stays.iter().all(|address| moved(address) == Some(id)));
            }
            Err(Refusal::Invalid { .. }) => assert!(leaving.is_empty() || stays.is_empty()),
            // Some of its addresses came together, or both would talk in one conversation.
            Err(Refusal::Conflict(_)) => {}
            other => panic!("{other:?}"),
        }
    }

    /// Whatever was merged and split, each note is of one person who is there.
    pub fn check(&self, desk: &Desk) {
        let profiles = desk.rows().scan::<Profile>(&[], None, Order::Ascending, usize::MAX);
        let profiles = profiles.unwrap();
        for name in &self.noted {
            let of = profiles.iter().filter(|(_, profile)| profile.attribute(name).is_some());
            assert_eq!(of.count(), 1, "{name}");
        }
    }
}
