//! Agents who answer, bridges that take what they wrote, echo it and tell of it: in any order.

use super::messages::is_remembered;
use super::{Desk, relay};
use crate::domain::channel::Channel;
use crate::domain::contact::{Conversation, Mode};
use crate::domain::entry::Delivery;
use crate::domain::reference::Reference;
use crate::domain::status::Status;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::command::{Command, InboundMessage, Outcome, Refusal, Reply};
use crate::engine::rows::key;
use crate::store::records::ConversationOf;

/// A reply that goes, or went, out.
struct Written {
    ticket: u64,
    conversation: u64,
    no: u64,
    text: String,
    /// What the bridge calls it, and when we learned that.
    id: Option<(String, Micros)>,
    /// Since when its echo may come under an id that nobody told.
    echo_awaited: Option<Micros>,
    state: Delivery,
}

#[derive(Default)]
pub struct Replies {
    written: Vec<Written>,
    /// Texts that must be in a timeline, once.
    pub kept: Vec<String>,
    texts: usize,
}

impl Replies {
    pub fn writes(&mut self, desk: &mut Desk, ticket: u64, is_internal: bool) {
        let before = desk.ticket(ticket);
        let waiting = desk.waiting().len();
        self.texts += 1;
        let body = format!("reply {}", self.texts);
        let command = Command::AddComment {
            attachments: Vec::new(),
            ticket: Reference::Number(ticket),
            body: body.clone(),
            is_internal,
        };
        let goes_out = !is_internal && before.channel == Channel::Whatsapp;
        let delivery = match desk.ask(&relay(), command) {
            Ok((Reply::Comment { delivery, .. }, true)) => delivery,
            Err(Refusal::Conflict(_)) => {
                let configured = instance(desk, &before).is_some_and(|i| i == "bridge 0");
                assert!(goes_out && (before.status == Status::Closed || !configured));
                return;
            }
            Err(Refusal::Overloaded(_)) => return assert_eq!(waiting, 20),
            other => panic!("{other:?}"),
        };
        self.kept.push(body.clone());
        let after = desk.ticket(ticket);
        if !goes_out {
            assert_eq!((delivery, desk.waiting().len()), (None, waiting));
            return;
        }
        assert_eq!(delivery, Some(Delivery::Queued));
        assert!(after.first_response_at.is_some() && after.status != Status::New);
        let conversation = after.conversation.expect("a conversation");
        assert_eq!(mode(desk, conversation), Mode::Agent, "a human reply silences the bot");
        let (_, row) = desk.waiting().into_iter().max_by_key(|w| w.1.entry).expect("it waits");
        assert_eq!(row.ticket, ticket);
        self.written.push(Written {
            ticket,
            conversation,
            no: row.entry,
            text: body,
            id: None,
            echo_awaited: None,
            state: Delivery::Queued,
        });
    }

    /// The worker tells how the first waiting message of a conversation ended; perhaps twice.
    pub fn is_dispatched(&mut self, desk: &mut Desk, which: usize, sent: bool, with_id: bool) {
        let waiting = desk.waiting();
        let Some(at) = which.checked_rem(waiting.len()) else { return };
        let conversation = waiting[at].0.0;
        let ((_, number), row) =
            waiting.iter().find(|w| w.0.0 == conversation).expect("the first").clone();
        let id = with_id.then(|| format!("3EB0SENT{}", row.message_id));
        let outcome = match sent {
            true => Outcome::Sent { id: id.clone(), uncertain: false },
            false => Outcome::Failed { error: "400".into() },
        };
        let report = Command::Dispatched { conversation, number, entry: row.entry, outcome };
        assert!(desk.own(report.clone()).unwrap().1);
        assert_eq!(desk.own(report), Ok((Reply::Done, false)), "the second time changes nothing");
        let steady = desk.steady();
        let written = self.of(row.entry);
        if sent {
            written.id = id.map(|id| (id, steady));
            written.echo_awaited = (!with_id).then_some(steady);
        }
        self.follow(desk);
    }

    /// The bridge tells how far a message has come.
    pub fn is_told(&mut self, desk: &mut Desk, which: usize, state: Delivery) {
        let Some(at) = which.checked_rem(self.written.len()) else { return };
        let Some((id, _)) = self.written[at].id.clone() else { return };
        let command = Command::Receipt {
            instance: "bridge 0".into(),
            addresses: Vec::new(),
            id,
            state,
            at: None,
            error: None,
        };
        desk.ask(&relay(), command).unwrap();
        self.follow(desk);
    }

    /// The bridge delivers our own message.
    pub fn comes_back(&mut self, desk: &mut Desk, which: usize) {
        let Some(at) = which.checked_rem(self.written.len()) else { return };
        let written = &self.written[at];
        let Some(addresses) = addresses(desk, written.conversation) else { return };
        let recent = |since: Micros| desk.steady().0 - since.0 < Micros::HOUR;
        let id = match &written.id {
            Some((id, learned)) if is_remembered(desk, *learned) => id.clone(),
            Some(_) => return,
            None if written.state == Delivery::Queued => format!("3EB0ECHO{}", written.no),
            None if written.echo_awaited.is_some_and(recent) => format!("3EB0ECHO{}", written.no),
            None => return,
        };
        let message = InboundMessage {
            instance: "bridge 0".into(),
            id: Some(id.clone()),
            addresses,
            from_me: true,
            sent_at: Some(desk.phones),
            text: written.text.clone(),
            ..InboundMessage::default()
        };
        let entries = desk.said().len();
        desk.ask(&relay(), Command::ReceiveMessage(Box::new(message))).unwrap();
        assert_eq!(desk.said().len(), entries, "the echo is not stored");
        let steady = desk.steady();
        let written = &mut self.written[at];
        written.id.get_or_insert((id, steady));
        written.echo_awaited = None;
        self.follow(desk);
    }

    pub fn is_sent_again(&mut self, desk: &mut Desk, which: usize) {
        let Some(at) = which.checked_rem(self.written.len()) else { return };
        let written = &mut self.written[at];
        let Some(home) = desk.rows().live(written.ticket).unwrap() else { return };
        let listed = desk.rows().page_of(&home, 0, (usize::MAX, usize::MAX, usize::MAX), |_| true);
        let listed = listed.unwrap().expect("its timeline").entries;
        let place = listed.iter().find(|(item, _)| item.no == written.no).expect("its place");
        let ticket = Reference::Number(home.number);
        let command = Command::ResendComment { ticket, entry: place.0.id };
        match desk.ask(&relay(), command) {
            Ok(_) => {
                assert_eq!(written.state, Delivery::Failed, "only what failed is sent again");
                (written.state, written.id, written.echo_awaited) = (Delivery::Queued, None, None);
            }
            Err(Refusal::Conflict(_)) => assert!(
                written.state != Delivery::Failed
                    || home.status == Status::Closed
                    || home.conversation != Some(written.conversation)
            ),
            Err(Refusal::Overloaded(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }

    pub fn hands_over(&self, desk: &mut Desk, ticket: u64, to: Mode) {
        let Some(conversation) = desk.ticket(ticket).conversation else { return };
        desk.ask(&relay(), Command::SetMode { conversation, mode: to }).unwrap();
        assert_eq!(mode(desk, conversation), to);
    }

    fn of(&mut self, no: u64) -> &mut Written {
        self.written.iter_mut().find(|w| w.no == no).expect("what waits was written")
    }

    /// Nothing ever moves backwards.
    fn follow(&mut self, desk: &Desk) {
        for written in &mut self.written {
            let now = desk.rows().dispatch(written.no).unwrap().expect("its state").state;
            assert!(now == written.state || written.state.may_become(now), "{:?}", written.state);
            written.state = now;
        }
    }

    pub fn check(&self, desk: &Desk) {
        for (_, row) in desk.waiting() {
            let written = self.written.iter().find(|w| w.no == row.entry).expect("was written");
            assert_eq!(written.state, Delivery::Queued);
        }
        let queued = self.written.iter().filter(|w| w.state == Delivery::Queued).count();
        assert_eq!(queued, desk.waiting().len(), "whatever is queued waits");
    }
}

fn mode(desk: &Desk, conversation: u64) -> Mode {
    desk.rows().get::<Conversation>(&key::number(conversation)).unwrap().expect("it").mode
}

fn instance(desk: &Desk, ticket: &Ticket) -> Option<String> {
    let id = ticket.conversation?;
    desk.rows().get::<Conversation>(&key::number(id)).unwrap().map(|c| c.instance)
}

/// Addresses under which the bridge finds this very conversation; of two of one person it is one.
fn addresses(desk: &Desk, id: u64) -> Option<Vec<String>> {
    let found = desk.rows().get::<Conversation>(&key::number(id)).unwrap()?;
    let addresses = desk.contact(found.contact).addresses;
    let contact = desk.contact_of(&addresses)?;
    let parts: [&[u8]; 2] = [found.instance.as_bytes(), &contact.to_be_bytes()];
    let row = desk.seal.hash("conversation", &parts);
    (desk.rows().get::<ConversationOf>(&row).unwrap() == Some(ConversationOf(id)))
        .then_some(addresses)
}
