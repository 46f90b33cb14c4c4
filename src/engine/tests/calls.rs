//! Relays that stream calls, and what was said in them.

use std::collections::HashSet;

use super::steps::CallFact;
use super::{Desk, is_running, relay};
use crate::domain::call::{Fact, Previous};
use crate::domain::entry::{Speaker, ToolCall};
use crate::domain::priority::Priority;
use crate::domain::reference::Reference;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::command::{
    CallChanges, Command, IfAttached, NewCall, NewInteraction, Refusal, Reply,
};

struct Call {
    ticket: u64,
    session: usize,
    connection: Option<u64>,
    /// Words that were taken, as item and part.
    heard: HashSet<(usize, u32)>,
    logged: usize,
    category_by_hand: Option<String>,
}

#[derive(Default)]
pub struct Calls {
    calls: Vec<Call>,
    /// Facts that were taken, by position in `calls`.
    taken: Vec<(usize, Vec<Fact>)>,
    connections: u64,
    /// Texts that must be in a timeline, once.
    pub kept: Vec<String>,
}

fn item(n: usize) -> String {
    format!("item_{n}")
}

impl Calls {
    fn at(&mut self, call: usize) -> Option<&mut Call> {
        let len = self.calls.len();
        self.calls.get_mut(call.checked_rem(len)?)
    }

    /// S0.2: a connection is a call, but for one that goes on with what broke.
    pub fn opens(
        &mut self,
        desk: &mut Desk,
        session: usize,
        connected: bool,
        if_attached: IfAttached,
    ) {
        self.connections += 1;
        let connection = connected.then_some(self.connections);
        let session_id = format!("session {session}");
        let new = NewCall { session_id, connection, if_attached, ..NewCall::default() };
        let running = self.calls.iter().filter(|c| is_running(desk, c.ticket)).count();
        let latest = self.calls.iter_mut().rev().find(|c| c.session == session);
        let latest = latest.filter(|c| is_running(desk, c.ticket));
        match desk.ask(&relay(), Command::OpenCall(new)) {
            Ok((Reply::Call { ticket, resumed: true }, _)) => {
                let call = latest.expect("only a running call is gone on with");
                assert_eq!(call.ticket, ticket.number);
                call.connection = connection;
            }
            Ok((Reply::Call { ticket, resumed: false }, _)) => {
                assert!(ticket.call_running);
                self.calls.push(Call {
                    ticket: ticket.number,
                    session,
                    connection,
                    heard: HashSet::new(),
                    logged: 0,
                    category_by_hand: None,
                });
            }
            Ok((Reply::CallAttached { ticket, .. }, wrote)) => {
                assert!(!wrote && if_attached == IfAttached::Ask);
                assert_eq!(latest.map(|c| c.ticket), Some(ticket));
            }
            Err(Refusal::Overloaded(_)) => assert_eq!(running as u64, desk.rules.max_open_calls),
            other => panic!("{other:?}"),
        }
    }

    pub fn says(&mut self, desk: &mut Desk, call: usize, fact: CallFact) {
        let Some(call) = call.checked_rem(self.calls.len()) else { return };
        let Call { ticket, heard, .. } = &mut self.calls[call];
        let ticket = *ticket;
        let text = |item: usize, index: u32| format!("call {ticket}, item {item}, part {index}");
        let mut words = None;
        let facts = match fact {
            CallFact::Placed { item: 0 } => {
                vec![Fact::Placed { item: item(0), after: Previous::Start, turn: true }]
            }
            CallFact::Placed { item: n } => {
                vec![Fact::Placed {
                    item: item(n),
                    after: Previous::Item(item(n - 1)),
                    turn: n % 4 != 3,
                }]
            }
            CallFact::Said { item: n, index, by_agent } => {
                // A running call knows its items; after its end only what is new may come.
                if !is_running(desk, ticket) && heard.contains(&(n, index)) {
                    return;
                }
                if heard.insert((n, index)) {
                    words = Some(text(n, index));
                }
                let speaker = if by_agent { Speaker::Agent } else { Speaker::User };
                vec![Fact::Said { item: Some(item(n)), index, speaker, text: text(n, index) }]
            }
            CallFact::ToolNamed { item: n } if is_running(desk, ticket) => vec![Fact::ToolNamed {
                item: Some(item(n + 100)),
                call_id: format!("call_{n}"),
                name: format!("tool_{}", n % 3),
            }],
            CallFact::ToolCalled { item: n } if is_running(desk, ticket) => {
                vec![Fact::ToolCalled {
                    item: Some(item(n + 100)),
                    call_id: Some(format!("call_{n}")),
                    name: (n % 2 == 0).then(|| format!("tool_{}", n % 3)),
                    arguments: "{}".into(),
                }]
            }
            CallFact::ToolAnswered { item: n } => {
                vec![Fact::ToolAnswered { call_id: format!("call_{n}"), output: "found".into() }]
            }
            CallFact::ToolNamed { .. } | CallFact::ToolCalled { .. } => return,
        };
        let command = Command::RecordFacts { ticket, event_id: None, facts: facts.clone() };
        desk.ask(&relay(), command).unwrap();
        self.kept.extend(words);
        self.taken.push((call, facts));
    }

    /// The service says again what it said, or the relay sends what was not acknowledged.
    pub fn says_again(&mut self, desk: &mut Desk, which: usize) {
        let Some(which) = which.checked_rem(self.taken.len()) else { return };
        let (call, facts) = &self.taken[which];
        let ticket = self.calls[*call].ticket;
        if !is_running(desk, ticket) {
            return;
        }
        let before = desk.entries(ticket);
        let command = Command::RecordFacts { ticket, event_id: None, facts: facts.clone() };
        let (_, wrote) = desk.ask(&relay(), command).unwrap();
        let repeats_words =
            facts.iter().all(|f| matches!(f, Fact::Said { .. } | Fact::Placed { .. }));
        assert!(!wrote || !repeats_words, "{facts:?} came again and was written again");
        let after = desk.entries(ticket);
        assert_eq!(after.len(), before.len(), "{facts:?} added an entry when it came again");
    }

    pub fn breaks(&mut self, desk: &mut Desk, call: usize, stale: bool) {
        let Some(call) = self.at(call) else { return };
        let Some(connection) = call.connection else { return };
        let connection = if stale { connection + 1000 } else { connection };
        let (_, wrote) =
            desk.ask(&relay(), Command::DetachCall { ticket: call.ticket, connection }).unwrap();
        assert!(!(stale && wrote), "a connection that no longer streams a call breaks nothing");
    }

    pub fn ends(&mut self, desk: &mut Desk, call: usize, by_relay: bool) {
        let Some(call) = self.at(call) else { return };
        let connection = if by_relay { call.connection } else { None };
        let ticket = Reference::Number(call.ticket);
        let command = Command::EndCall { ticket, connection, auto_categorize: true };
        if by_relay && connection.is_none() {
            return;
        }
        desk.ask(&relay(), command).unwrap();
        let ticket = desk.ticket(call.ticket);
        if !is_running(desk, call.ticket) {
            assert!(!ticket.call_running);
        }
        if !by_relay || !is_running(desk, call.ticket) {
            assert!(!desk.ticket(call.ticket).call_running);
            assert!(ticket.summary.is_some(), "S0.37");
            assert!(ticket.category.is_some(), "S0.37");
            if let Some(by_hand) = &call.category_by_hand {
                assert_eq!(ticket.category.as_ref(), Some(by_hand), "S0.50");
            }
        }
    }

    pub fn grace_is_over(&mut self, desk: &mut Desk, call: usize) {
        let Some(call) = self.at(call) else { return };
        let before = desk
            .rows()
            .get::<crate::domain::call::OpenCall>(&super::key::number(call.ticket))
            .unwrap();
        desk.own(Command::ExpireCall { ticket: call.ticket }).unwrap();
        let Some(before) = before else { return };
        // A broken one waits for its relay, one over plain HTTP for its next turn, a connected one stays.
        let waits = |since: Micros, span| (since..since.plus(span)).contains(&desk.steady());
        let goes_on = match (before.connection, before.detached_at) {
            (Some(_), _) => true,
            (None, Some(since)) => waits(since, desk.rules.resume_grace),
            (None, None) => waits(before.heard_at, desk.rules.idle_end),
        };
        assert_eq!(is_running(desk, call.ticket), goes_on, "{before:?} at {}", desk.steady());
    }

    pub fn logs(&mut self, desk: &mut Desk, call: usize, said_before: Option<i64>) {
        let now = desk.phones;
        let Some(call) = self.at(call) else { return };
        call.logged += 1;
        let message = format!("call {}, logged {}", call.ticket, call.logged);
        let logged = NewInteraction {
            ticket: Reference::Number(call.ticket),
            speaker: Speaker::Agent,
            message: message.clone(),
            tool_calls: if call.logged.is_multiple_of(3) {
                vec![ToolCall { name: "tool_1".into(), arguments: String::new(), output: None }]
            } else {
                Vec::new()
            },
            at: said_before.map(|before| now.plus(-before)),
        };
        desk.ask(&relay(), Command::LogInteraction(logged)).unwrap();
        self.kept.push(message);
    }

    pub fn gets_metadata(&mut self, desk: &mut Desk, call: usize) {
        let Some(call) = self.at(call) else { return };
        let ticket = Reference::Number(call.ticket);
        let before = desk.ticket(call.ticket);
        let command =
            Command::AddMetadata { ticket, key: "customer_id".into(), value: "CUST1".into() };
        let (reply, _) = desk.ask(&relay(), command).unwrap();
        assert!(
            matches!(reply, Reply::Metadata { id, .. } if id == before.extent.metadata + 1),
            "{reply:?}"
        );
    }

    pub fn is_updated(
        &mut self,
        desk: &mut Desk,
        call: usize,
        category: bool,
        priority: Option<Priority>,
        status: Option<Status>,
    ) {
        let Some(call) = self.at(call) else { return };
        let category = category.then(|| "by_hand".to_owned());
        let changes =
            CallChanges { status, priority, category: category.clone(), ..CallChanges::default() };
        let command = Command::UpdateCall { ticket: Reference::Number(call.ticket), changes };
        if desk.ask(&relay(), command).is_ok() && category.is_some() {
            call.category_by_hand = category;
        }
    }
}
