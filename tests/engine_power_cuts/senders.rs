//! Bridges, relays and agents: what they want to send, in order; what they were told; what they send again.

use std::collections::VecDeque;

use frontdesk::domain::agent::Role;
use frontdesk::domain::call::{Fact, Previous};
use frontdesk::domain::entry::Speaker;
use frontdesk::domain::reference::Reference;
use frontdesk::domain::status::Status;
use frontdesk::engine::command::{
    Actor, Command, Idempotency, IfAttached, InboundMessage, NewCall, NewInteraction, Refusal,
    Reply, Submission,
};
use frontdesk::engine::contacts::{ContactChanges, ContactCommand, Split};
use frontdesk::store::sim::Random;

/// A command that was not acknowledged yet.
#[derive(Clone)]
pub struct Pending {
    pub submission: Submission,
    /// It was sent before, and its outcome is unknown or was a refusal of the store.
    pub sent_before: bool,
    /// Position in `words` of what it says.
    words: Option<usize>,
    /// The call that it opens or belongs to.
    call: Option<usize>,
}

struct Call {
    session: String,
    ticket: Option<u64>,
    items: usize,
    ended: bool,
}

#[derive(Default)]
pub struct Senders {
    pending: VecDeque<Pending>,
    /// What was said, and whether its sender was told that it is stored.
    words: Vec<(String, bool)>,
    calls: Vec<Call>,
    answered: Vec<(Submission, Reply)>,
    sent: u64,
    connections: u64,
    /// Tickets that customers' messages opened.
    chats: Vec<u64>,
}

fn machine() -> Actor {
    Actor::Token { name: "machine".into() }
}

impl Senders {
    /// One more thing that somebody wants to send.
    pub fn think(&mut self, random: &mut Random) {
        self.sent += 1;
        match random.below(100) {
            0..45 => self.message(random),
            45..74 => self.call(random),
            74..80 => self.comment(random),
            80..86 => self.contact(random),
            _ => self.request(random),
        }
    }

    fn push(&mut self, submission: Submission, words: Option<String>, call: Option<usize>) {
        let words = words.map(|words| {
            self.words.push((words, false));
            self.words.len() - 1
        });
        self.pending.push_back(Pending { submission, sent_before: false, words, call });
    }

    fn message(&mut self, random: &mut Random) {
        let person = random.below(5);
        let (phone, lid) =
            (format!("6281200000{person}@s.whatsapp.net"), format!("90000{person}@lid"));
        let addresses = match random.below(3) {
            0 => vec![phone],
            1 => vec![lid],
            _ => vec![phone, lid],
        };
        let text = format!("message {} {}", self.sent, "word ".repeat(random.below(60) as usize));
        let message = InboundMessage {
            instance: format!("bridge {}", random.below(2)),
            id: Some(format!("3EB0{}", self.sent)),
            addresses,
            phone: None,
            from_me: false,
            name: Some(format!("Person {person}")),
            sent_at: None,
            text: text.clone(),
            ..InboundMessage::default()
        };
        let command = Command::ReceiveMessage(Box::new(message));
        self.push(Submission::new(machine(), command), Some(text), None);
    }

    /// Opens a call, says something in one or ends one.
    fn call(&mut self, random: &mut Random) {
        let running: Vec<usize> = (0..self.calls.len()).filter(|c| !self.calls[*c].ended).collect();
        if running.len() < 3 {
            let session = format!("session {}", self.calls.len());
            self.calls.push(Call { session, ticket: None, items: 0, ended: false });
            return self.open(self.calls.len() - 1);
        }
        let at = running[random.below(running.len() as u64) as usize];
        let waiting = self.pending.iter().any(|p| p.call == Some(at));
        let call = &mut self.calls[at];
        let Some(ticket) = call.ticket else { return };
        if call.items > 3 && !waiting && random.chance(10) {
            call.ended = true;
            let reference = Reference::Number(ticket);
            let end =
                Command::EndCall { ticket: reference, connection: None, auto_categorize: true };
            return self.with_key(machine(), end, None, Some(at));
        }
        let item = |n: usize| format!("item_{n}");
        let n = call.items;
        call.items += 1;
        let after = n.checked_sub(1).map_or(Previous::Start, |n| Previous::Item(item(n)));
        let placed = Fact::Placed { item: item(n), after, turn: true };
        let text = format!("call {ticket}, item {n}");
        let speaker = if n.is_multiple_of(2) { Speaker::Agent } else { Speaker::User };
        let said = Fact::Said { item: Some(item(n)), index: 0, speaker, text: text.clone() };
        let facts = vec![placed, said];
        let record = Command::RecordFacts { ticket, event_id: None, facts };
        self.push(Submission::new(machine(), record), Some(text), Some(at));
    }

    fn open(&mut self, call: usize) {
        self.connections += 1;
        let new = NewCall {
            session_id: self.calls[call].session.clone(),
            connection: Some(self.connections),
            if_attached: IfAttached::TakeOver,
            ..NewCall::default()
        };
        self.push(Submission::new(machine(), Command::OpenCall(new)), None, Some(call));
    }

    /// An agent answers a customer, or notes something.
    fn comment(&mut self, random: &mut Random) {
        if self.chats.is_empty() {
            return;
        }
        let which = random.below(self.chats.len() as u64) as usize;
        let ticket = Reference::Number(self.chats[which]);
        let (body, is_internal) = (format!("reply {}", self.sent), random.chance(20));
        self.with_key(
            machine(),
            Command::AddComment { ticket, body, is_internal, attachments: Vec::new() },
            None,
            None,
        );
    }

    /// People note something of a contact, find that two are one person, or that one is two.
    fn contact(&mut self, random: &mut Random) {
        let id = 1 + random.below(8);
        let command = match random.below(4) {
            0 => ContactCommand::Merge { id, into: 1 + random.below(8) },
            1 => {
                let person = random.below(5);
                let addresses = match random.chance(50) {
                    true => vec![format!("6281200000{person}@s.whatsapp.net")],
                    false => vec![format!("90000{person}@lid")],
                };
                ContactCommand::Split(Box::new(Split { id, addresses, ..Split::default() }))
            }
            _ => {
                let attributes = [(format!("noted {}", self.sent), Some("yes".to_owned()))].into();
                let changes = ContactChanges { attributes, ..ContactChanges::default() };
                ContactCommand::Change { id, changes: Box::new(changes) }
            }
        };
        self.with_key(machine(), Command::Contact(command), None, None);
    }

    /// A request of the API, with an `Idempotency-Key`.
    fn request(&mut self, random: &mut Random) {
        let known: Vec<usize> =
            (0..self.calls.len()).filter(|c| self.calls[*c].ticket.is_some()).collect();
        let Some(at) = known.get(random.below(known.len() as u64) as usize).copied() else {
            return;
        };
        let ticket = Reference::Number(self.calls[at].ticket.unwrap_or_default());
        let agent = |id| Actor::Agent {
            id,
            name: format!("agent {id}"),
            role: Role::Agent,
            sees_all: true,
        };
        match random.below(4) {
            0 => {
                let message = format!("logged {}", self.sent);
                let logged = NewInteraction {
                    ticket,
                    speaker: Speaker::User,
                    message: message.clone(),
                    tool_calls: Vec::new(),
                    at: None,
                };
                self.with_key(machine(), Command::LogInteraction(logged), Some(message), None);
            }
            1 => {
                let (key, value) = ("customer_id".to_owned(), self.sent.to_string());
                self.with_key(machine(), Command::AddMetadata { ticket, key, value }, None, None);
            }
            2 => self.with_key(agent(1 + random.below(3)), Command::Claim { ticket }, None, None),
            _ => {
                let to = [Status::Resolved, Status::Closed, Status::Open][random.below(3) as usize];
                let set = Command::SetStatus { ticket, to, reason: None, notes: None };
                self.with_key(machine(), set, None, None);
            }
        }
    }

    fn with_key(
        &mut self,
        actor: Actor,
        command: Command,
        words: Option<String>,
        call: Option<usize>,
    ) {
        let key = Idempotency::new(1, format!("key-{}", self.sent).as_bytes(), &[b"body"]);
        let idempotency = Some(key.expect("a key"));
        self.push(Submission::new(actor, command).keyed(idempotency), words, call);
    }

    /// The box is back: relays of running calls come again and go on.
    pub fn reconnect(&mut self) {
        for call in 0..self.calls.len() {
            if !self.calls[call].ended && self.calls[call].ticket.is_some() {
                self.open(call);
            }
        }
    }

    /// The next commands, oldest first. They stay pending until [`Senders::told`].
    pub fn due(&self, most: usize) -> Vec<Pending> {
        self.pending.iter().take(most).cloned().collect()
    }

    /// The first pending commands were answered so.
    pub fn told(&mut self, replies: Vec<Result<Reply, Refusal>>) {
        for reply in replies {
            let pending = self.pending.pop_front().expect("nobody is answered who did not ask");
            if let Some(words) = pending.words {
                assert!(reply.is_ok(), "{:?}: {reply:?}", pending.submission);
                self.words[words].1 = true;
            }
            let Ok(reply) = reply else { continue };
            // A reply that cannot go out is refused: only what was taken is said.
            if let Reply::Comment { entry, .. } = &reply {
                self.words.push((entry.body.clone(), true));
            }
            if let Reply::Message { ticket: Some(ticket), .. } = &reply
                && !self.chats.contains(ticket)
            {
                self.chats.push(*ticket);
            }
            if let (Some(call), Reply::Call { ticket, resumed }) = (pending.call, &reply) {
                let known = self.calls[call].ticket.replace(ticket.number);
                let same = known.is_none_or(|known| known == ticket.number && *resumed);
                assert!(same, "a relay that comes back goes on with its call {known:?}: {reply:?}");
            }
            let can_be_told_apart = pending.submission.idempotency.is_some()
                || matches!(pending.submission.command, Command::ReceiveMessage(_));
            if can_be_told_apart {
                self.answered.push((pending.submission, reply));
            }
        }
    }

    /// The first pending commands may have been carried out or not.
    pub fn not_told(&mut self, sent: usize) {
        self.pending.iter_mut().take(sent).for_each(|p| p.sent_before = true);
    }

    pub fn words(&self) -> impl Iterator<Item = (&str, bool)> {
        self.words.iter().map(|(words, told)| (words.as_str(), *told))
    }

    /// What was answered, where the same answer is due to whoever asks again.
    pub fn answered(&self) -> (Vec<Submission>, Vec<Reply>) {
        self.answered.iter().cloned().unzip()
    }
}
