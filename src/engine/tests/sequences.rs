//! Any sequence of commands keeps what must hold.

use std::collections::HashMap;

use proptest::prelude::*;

use super::calls::Calls;
use super::contacts::Contacts;
use super::endings::Endings;
use super::messages::Messages;
use super::replies::Replies;
use super::steps::{Step, steps};
use super::{Desk, agent, cases, idempotency, relay};
use crate::domain::reference::Reference;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::command::{Actor, Command, NewCall, Refusal, Reply, Submission};

/// A request with an `Idempotency-Key`, as it was answered.
struct Request {
    submission: Submission,
    reply: Reply,
    at: Micros,
}

/// The contact centre: what happened, and what must follow from it.
struct Centre {
    desk: Desk,
    calls: Calls,
    messages: Messages,
    contacts: Contacts,
    replies: Replies,
    endings: Endings,
    requests: Vec<Request>,
    /// Who claimed a ticket first.
    claimed: HashMap<u64, u64>,
}

impl Centre {
    fn open() -> Centre {
        Centre {
            desk: Desk::new(),
            calls: Calls::default(),
            messages: Messages::default(),
            contacts: Contacts::default(),
            replies: Replies::default(),
            endings: Endings::default(),
            requests: Vec::new(),
            claimed: HashMap::new(),
        }
    }

    fn step(&mut self, step: Step) {
        let Centre { desk, calls, messages, contacts, replies, .. } = self;
        match step {
            Step::Wait(micros) => desk.wait(micros),
            Step::SetClock { by, synchronized } => desk.set_clock(by, synchronized),
            Step::PowerCut { by } => desk.power_cut(by),
            Step::Message(writes) => messages.arrives(desk, writes),
            Step::MessageAgain { which, under } => messages.arrives_again(desk, which, under),
            Step::Join { person } => messages.join(desk, person),
            Step::Note { person, vip } => contacts.is_noted(desk, person, vip),
            Step::MergeContacts { person, into } => contacts.are_one(desk, person, into),
            Step::SplitContact { person, under } => contacts.is_two(desk, person, under),
            Step::Open { session, connected, if_attached } => {
                calls.opens(desk, session, connected, if_attached);
            }
            Step::Fact { call, fact } => calls.says(desk, call, fact),
            Step::FactAgain { which } => calls.says_again(desk, which),
            Step::Detach { call, stale } => calls.breaks(desk, call, stale),
            Step::End { call, by_relay } => calls.ends(desk, call, by_relay),
            Step::Expire { call } => calls.grace_is_over(desk, call),
            Step::OrphanCalls => {
                desk.own(Command::OrphanCalls).unwrap();
            }
            Step::Log { call, said_before } => calls.logs(desk, call, said_before),
            Step::Metadata { call } => calls.gets_metadata(desk, call),
            Step::Update { call, category, priority, status } => {
                calls.is_updated(desk, call, category, priority, status);
            }
            Step::Claim { ticket, agent } => self.claims(ticket, agent),
            Step::SetStatus { ticket, to } => {
                if let Some(ticket) = self.some_ticket(ticket) {
                    self.changes_status(ticket, to);
                }
            }
            Step::Comment { ticket, is_internal } => {
                if let Some(number) = self.some_number(ticket) {
                    self.replies.writes(&mut self.desk, number, is_internal);
                }
            }
            Step::Dispatched { which, sent, with_id } => {
                replies.is_dispatched(desk, which, sent, with_id);
            }
            Step::Receipt { which, state } => replies.is_told(desk, which, state),
            Step::Echo { which } => replies.comes_back(desk, which),
            Step::Resend { which } => replies.is_sent_again(desk, which),
            Step::SetMode { ticket, mode } => {
                if let Some(number) = self.some_number(ticket) {
                    self.replies.hands_over(&mut self.desk, number, mode);
                }
            }
            Step::Merge { into, other } => {
                if let (Some(into), Some(other)) = (self.some_chat(into), self.some_chat(other)) {
                    self.endings.merges(&mut self.desk, into, other);
                }
            }
            Step::Unmerge { which } => self.endings.takes_apart(&mut self.desk, which),
            Step::Delete { ticket } => {
                if let Some(ticket) = self.some_chat(ticket) {
                    self.endings.deletes(&mut self.desk, ticket);
                }
            }
            Step::Restore { which } => self.endings.restores(&mut self.desk, which),
            Step::RequestAgain { which } => self.comes_again(which),
            Step::KeyAgain { which } => self.key_comes_again(which),
            Step::Sweep => {
                desk.own(Command::Sweep).unwrap();
                desk.trim();
            }
        }
    }

    /// A ticket that is neither deleted nor part of another: where its name leads.
    fn some_number(&self, which: usize) -> Option<u64> {
        let which = which.checked_rem(self.desk.index.len() as usize)?;
        let live = self.desk.rows().live(1001 + which as u64).unwrap();
        live.map(|ticket| ticket.number)
    }

    fn some_chat(&self, which: usize) -> Option<u64> {
        let number = self.some_number(which)?;
        self.desk.ticket(number).session_id.is_none().then_some(number)
    }

    fn some_ticket(&self, which: usize) -> Option<Reference> {
        self.some_number(which).map(Reference::Number)
    }

    /// Asks with an `Idempotency-Key`.
    fn requests(&mut self, actor: Actor, command: Command) -> Result<Reply, Refusal> {
        let key = Some(idempotency(&format!("key-{}", self.requests.len()), "body"));
        let submission = Submission::new(actor, command).keyed(key);
        let (reply, wrote) = self.desk.submit(&submission)?;
        assert!(wrote, "an answer to a request with a key is remembered");
        self.requests.push(Request { submission, reply: reply.clone(), at: self.desk.steady() });
        Ok(reply)
    }

    /// C3: a legal move is made, but for one that would give a conversation a second open ticket.
    fn changes_status(&mut self, ticket: Reference, to: Status) {
        let Reference::Number(number) = ticket else { return };
        let from = self.desk.ticket(number).status;
        let set = Command::SetStatus { ticket, to, reason: None, notes: None };
        match self.requests(relay(), set) {
            Ok(_) => assert!(from.may_become(to)),
            Err(Refusal::Conflict(_)) => {
                assert!(!from.may_become(to) || (!from.is_open() && to.is_open()));
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    /// S4.13: one wins and keeps it.
    fn claims(&mut self, ticket: usize, by: u64) {
        let Some(reference) = self.some_ticket(ticket) else { return };
        let Reference::Number(number) = reference else { return };
        match self.requests(agent(by), Command::Claim { ticket: reference }) {
            Ok(_) => assert_eq!(*self.claimed.entry(number).or_insert(by), by, "claimed twice"),
            Err(Refusal::Conflict(why)) => {
                let ticket = self.desk.ticket(number);
                let holder = self.claimed.get(&number).filter(|holder| **holder != by);
                let free = holder.is_none() && ticket.status.is_open() && !ticket.call_running;
                assert!(!free, "nobody has #{number}, and yet: {why}");
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    fn comes_again(&mut self, which: usize) {
        let Some(which) = which.checked_rem(self.requests.len()) else { return };
        let Request { submission, reply, at } = &self.requests[which];
        let hours = i64::from(self.desk.rules.idempotency_hours) * Micros::HOUR;
        if self.desk.steady().0 - at.0 >= hours {
            return;
        }
        let submission = submission.clone();
        let again = self.desk.submit(&submission);
        assert_eq!(again, Ok((reply.clone(), false)), "it is answered as the first time");
    }

    fn key_comes_again(&mut self, which: usize) {
        let Some(which) = which.checked_rem(self.requests.len()) else { return };
        let Request { submission, at, .. } = &self.requests[which];
        let hours = i64::from(self.desk.rules.idempotency_hours) * Micros::HOUR;
        if self.desk.steady().0 - at.0 >= hours {
            return;
        }
        let new = NewCall { session_id: "another".into(), ..NewCall::default() };
        let other = Submission::new(submission.actor.clone(), Command::OpenCall(new))
            .keyed(Some(idempotency(&format!("key-{which}"), "another body")));
        assert_eq!(self.desk.submit(&other), Err(Refusal::KeyReused));
    }

    fn check(&self) {
        self.desk.check();
        let said = self.desk.said();
        self.replies.check(&self.desk);
        self.contacts.check(&self.desk);
        for text in self.calls.kept.iter().chain(&self.messages.kept).chain(&self.replies.kept) {
            assert_eq!(
                said.get(text),
                Some(&1),
                "{text:?} is in the timelines {:?} times",
                said.get(text)
            );
        }
        let tools = said.iter().filter(|(text, _)| text.starts_with("[Tool Call")).map(|(_, n)| n);
        let tools: usize = tools.sum();
        let all: usize = said.values().sum();
        let mut kept = self.calls.kept.len() + self.messages.kept.len() + self.replies.kept.len();
        for text in &self.messages.unclaimed {
            let claimed = said.get(text).copied().unwrap_or(0);
            assert!(claimed <= 1, "{text:?} is in the timelines {claimed} times");
            kept += claimed;
        }
        assert_eq!(all - tools, kept, "nobody said more than was taken");
        for (number, holder) in &self.claimed {
            let assignee = self.desk.ticket(*number).assignee.map(|a| a.agent);
            assert_eq!(assignee, Some(*holder));
        }
        for ticket in self.desk.tickets().iter().filter(|t| t.session_id.is_none()) {
            // Two timelines in one have two orders.
            if self.endings.mixed.contains(&ticket.number) {
                continue;
            }
            let mut entries = self.desk.entries(ticket.number);
            // What is written here has no time of the phones: it stands where it came.
            entries.retain(|entry| self.messages.sent.contains_key(&entry.body));
            let sent: Vec<Micros> = entries.iter().map(|e| self.messages.sent[&e.body]).collect();
            // What a wrong clock takes for the future stands in the order of arrival: as late as a message may be.
            let all_by_time = entries.iter().zip(&sent).all(|(entry, sent)| entry.at == *sent);
            let late = if all_by_time { 0 } else { 3 * Micros::SECOND };
            let ordered = sent.windows(2).all(|pair| pair[0] <= pair[1].plus(late));
            assert!(ordered, "#{} is in sent order: {entries:#?}", ticket.number);
        }
    }
}

proptest! {
    #![proptest_config(cases(96))]

    /// One open ticket a conversation, index equal to store, counters equal to a recount, dense numbers,
    /// everything said once, redeliveries and repeated requests answered as the first time.
    #[test]
    fn any_sequence_of_commands_keeps_what_must_hold(steps in steps()) {
        let mut centre = Centre::open();
        for (done, step) in steps.into_iter().enumerate() {
            centre.step(step);
            if done % 20 == 19 {
                centre.check();
            }
        }
        centre.check();
    }
}
