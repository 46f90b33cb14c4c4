//! Whose chat it is, and who wrote: the addresses of one person, and of a group and its writer.

use super::jid::{Jid, Kind};
use super::{Change, Group, Item, Message, Skip, What, skipped};

/// The addresses of one person: the first one told, and at most one more of each other kind. Two numbers in one
/// message are a bridge's mistake, and joining two customers by mistake would show one the other's words.
#[derive(Clone, Debug, Default)]
pub struct Person(Vec<Jid>);

impl Person {
    pub fn of(first: Jid) -> Person {
        Person(vec![first])
    }

    pub fn also(&mut self, other: Option<Jid>) {
        if let Some(jid) = other.filter(Jid::is_person)
            && self.0.iter().all(|known| known.kind != jid.kind)
        {
            self.0.push(jid);
        }
    }

    pub fn addresses(&self) -> Vec<String> {
        self.0.iter().map(Jid::to_string).collect()
    }

    pub fn phone(&self) -> Option<String> {
        self.0.iter().find_map(Jid::phone).map(str::to_owned)
    }

    pub fn lid(&self) -> Option<String> {
        self.0.iter().find(|jid| jid.kind == Kind::Lid).map(Jid::to_string)
    }
}

/// The two sides of a message.
#[derive(Clone, Debug)]
pub struct Parties {
    /// The customer; in a group the group.
    pub chat: Person,
    /// Who wrote in the group, unless it was us.
    pub author: Option<Person>,
    pub from_me: bool,
}

impl Parties {
    /// The parties of a message in the chat `chat`. `writers` are other addresses of who wrote, most certain
    /// first; `partners` other addresses of the chat's person.
    pub fn of(
        chat: Jid,
        from_me: bool,
        writers: impl IntoIterator<Item = Option<Jid>>,
        partners: impl IntoIterator<Item = Option<Jid>>,
    ) -> Result<Parties, Skip> {
        // The writer of our own messages is us: that address must never become the customer's.
        let mut writers = writers.into_iter().filter(|_| !from_me).flatten().filter(Jid::is_person);
        match chat.kind {
            Kind::Status => return Err(Skip::StatusBroadcast),
            Kind::Newsletter => return Err(Skip::Newsletter),
            Kind::Service => return Err(Skip::Service),
            Kind::BroadcastList if from_me => return Err(Skip::Broadcast),
            _ => {}
        }
        if chat.kind == Kind::Group {
            let mut author = None;
            for writer in writers {
                author.get_or_insert_with(Person::default).also(Some(writer));
            }
            if author.is_none() && !from_me {
                return Err(Skip::Group);
            }
            return Ok(Parties { chat: Person::of(chat), author, from_me });
        }
        // Somebody's broadcast list: a private message of who wrote.
        let first = match chat.kind {
            Kind::BroadcastList => writers.next().ok_or(Skip::Malformed)?,
            _ => chat,
        };
        let mut person = Person::of(first);
        partners.into_iter().for_each(|jid| person.also(jid));
        writers.for_each(|jid| person.also(Some(jid)));
        Ok(Parties { chat: person, author: None, from_me })
    }

    pub fn is_group(&self) -> bool {
        self.chat.0.iter().any(|jid| jid.kind == Kind::Group)
    }

    /// A message of these parties, without words yet.
    pub fn message(&self) -> Message {
        let addresses = self.chat.addresses();
        Message {
            chat: addresses.first().cloned().unwrap_or_default(),
            addresses,
            phone: self.chat.phone(),
            lid: self.chat.lid(),
            from_me: self.from_me,
            group: self.is_group().then(|| Group {
                author: self.author.as_ref().map(Person::addresses).unwrap_or_default(),
                phone: self.author.as_ref().and_then(Person::phone),
                ..Group::default()
            }),
            ..Message::default()
        }
    }

    /// What one of these parties does to a message.
    pub fn change(&self, target: Option<String>, what: What) -> Item {
        let Some(target) = target else { return skipped(None, what.skip()) };
        Item::Change(Box::new(Change {
            id: None,
            target,
            addresses: self.chat.addresses(),
            group: self.is_group(),
            from_me: self.from_me,
            author: self.author.as_ref().map(Person::addresses).unwrap_or_default(),
            name: None,
            at: None,
            what,
        }))
    }
}
