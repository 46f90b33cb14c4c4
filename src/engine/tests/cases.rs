//! Cases, chats and reported calls in any order, again and again: one ticket each, everything said once.

use proptest::prelude::*;

use super::{Desk, agent, cases, relay};
use crate::domain::channel::Channel;
use crate::domain::entry::Speaker;
use crate::domain::reference::Reference;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::command::{Command, Refusal, Reply};
use crate::engine::intake::{
    CallReport, CallTurn, Handover, NewCase, NewRequester, NewTurn, ToldStatus,
};

#[derive(Clone, Debug)]
enum Step {
    /// A delivery of a case: the how-manieth, whether it tells of the start, a turn or a status.
    Tell {
        case: usize,
        tells: Tells,
        minute: i64,
        joins: bool,
    },
    /// The bot hands over so many turns of a chat.
    Chat {
        chat: usize,
        turns: usize,
    },
    Report {
        call: usize,
        ended: bool,
        turns: usize,
    },
    Again {
        which: usize,
    },
    SetStatus {
        ticket: usize,
        to: Status,
    },
    Wait(i64),
    PowerCut,
}

#[derive(Clone, Copy, Debug)]
enum Tells {
    Start,
    Says { by_agent: bool, private: bool },
    Stands(Status),
}

fn step() -> impl Strategy<Value = Step> {
    let told = prop::sample::select(&Status::ALL[1..]);
    let tells = prop_oneof![
        2 => Just(Tells::Start),
        4 => (any::<bool>(), any::<bool>()).prop_map(|(by_agent, private)| Tells::Says { by_agent, private }),
        2 => told.clone().prop_map(Tells::Stands),
    ];
    prop_oneof![
        8 => (0..4usize, tells, 0..90i64, any::<bool>())
            .prop_map(|(case, tells, minute, joins)| Step::Tell { case, tells, minute, joins }),
        3 => (0..2usize, 0..6usize).prop_map(|(chat, turns)| Step::Chat { chat, turns }),
        3 => (0..2usize, any::<bool>(), 0..3usize)
            .prop_map(|(call, ended, turns)| Step::Report { call, ended, turns }),
        5 => any::<usize>().prop_map(|which| Step::Again { which }),
        3 => (any::<usize>(), told).prop_map(|(ticket, to)| Step::SetStatus { ticket, to }),
        2 => (1..9 * Micros::DAY).prop_map(Step::Wait),
        1 => Just(Step::PowerCut),
    ]
}

#[derive(Default)]
struct Centre {
    told: Vec<(Command, Micros)>,
    /// How much of a chat was handed over.
    chats: [usize; 2],
    calls: [usize; 2],
    /// Everything that must stand in a timeline, once.
    kept: Vec<String>,
    described: [bool; 4],
}

fn turn(text: String, speaker: Speaker) -> NewTurn {
    NewTurn { id: None, at: None, speaker, author: None, text, private: false }
}

impl Centre {
    fn step(&mut self, desk: &mut Desk, step: Step) {
        match step {
            Step::Wait(micros) => desk.wait(micros),
            Step::PowerCut => desk.power_cut(0),
            Step::Tell { case, tells, minute, joins } => {
                self.tells(desk, case, tells, minute, joins)
            }
            Step::Chat { chat, turns } => self.hands_over(desk, chat, turns),
            Step::Report { call, ended, turns } => self.reports(desk, call, ended, turns),
            Step::Again { which } => self.again(desk, which),
            Step::SetStatus { ticket, to } => {
                let Some(which) = ticket.checked_rem(desk.index.len() as usize) else { return };
                let ticket = Reference::Number(1001 + which as u64);
                let set = Command::SetStatus { ticket, to, reason: None, notes: None };
                assert!(matches!(
                    desk.ask(&agent(1), set),
                    Ok(_) | Err(Refusal::Conflict(_) | Refusal::NotFound(_))
                ));
            }
        }
    }

    fn tells(&mut self, desk: &mut Desk, case: usize, tells: Tells, minute: i64, joins: bool) {
        let nth = self.told.len();
        let at = Some(desk.phones.plus((minute - 45) * Micros::MINUTE));
        // Two cases a person: by the desk's id, by e-mail, or told to be one.
        let person = case / 2;
        let known = [format!("zendesk:user-{person}"), format!("mailto:p{person}@example.com")];
        let addresses = if joins { known.to_vec() } else { vec![known[case % 2].clone()] };
        let mut new = NewCase {
            channel: Channel::Zendesk,
            source: None,
            name: Some(format!("zendesk:{case}")),
            delivery: Some(format!("event-{nth}")),
            requester: NewRequester { addresses, name: None, email: None },
            subject: None,
            description: None,
            described_by: Speaker::User,
            opened_at: at,
            order_id: None,
            priority: None,
            tags: Vec::new(),
            turns: Vec::new(),
            status: None,
        };
        match tells {
            Tells::Start => {
                new.description = Some(format!("case {case} begins"));
                if !std::mem::replace(&mut self.described[case], true) {
                    self.kept.push(format!("case {case} begins"));
                }
            }
            Tells::Says { by_agent, private } => {
                let speaker = if by_agent { Speaker::Agent } else { Speaker::User };
                let said = format!("turn {nth}");
                self.kept.push(said.clone());
                new.turns.push(NewTurn {
                    id: Some(nth.to_string()),
                    at,
                    private,
                    ..turn(said, speaker)
                });
            }
            Tells::Stands(status) => new.status = Some(ToldStatus { status, at }),
        }
        self.submit(desk, Command::TakeCase(Box::new(new)));
    }

    fn hands_over(&mut self, desk: &mut Desk, chat: usize, more: usize) {
        let told = self.chats[chat];
        let said = |n: usize| {
            turn(
                format!("chat {chat}: {n}"),
                if n.is_multiple_of(2) { Speaker::User } else { Speaker::Bot },
            )
        };
        // All of it, or its newest part.
        let from = if more.is_multiple_of(2) { 0 } else { told.saturating_sub(1) };
        let history: Vec<_> = (from..told + more).map(said).collect();
        self.kept.extend((told..told + more).map(|n| format!("chat {chat}: {n}")));
        self.chats[chat] += more;
        let name = format!("chat:w:{chat}");
        let requester = NewRequester { addresses: vec![name.clone()], ..NewRequester::default() };
        let subject = Some("Chat".into());
        let chat = Handover {
            name,
            requester,
            subject,
            description: None,
            history,
            escalation: None,
            token: Some([1; 32]),
        };
        let (_, wrote) = desk.ask(&relay(), Command::HandOver(Box::new(chat))).unwrap();
        assert!(wrote, "a token is given");
    }

    fn reports(&mut self, desk: &mut Desk, call: usize, ended: bool, turns: usize) {
        let nth = self.told.len();
        let first = self.calls[call] == 0;
        self.calls[call] += turns;
        let said = |n: usize| CallTurn {
            speaker: Speaker::User,
            text: format!("call {call}: {nth} {n}"),
            at: None,
            tool_calls: Vec::new(),
        };
        let turns: Vec<_> = (0..turns).map(said).collect();
        if first {
            self.kept.extend(turns.iter().map(|turn| turn.text.clone()));
        }
        let report = CallReport {
            session_id: format!("session-{call}"),
            event: nth.to_string(),
            customer_name: None,
            customer_phone: Some("6591234567".into()),
            turns,
            summary: Some("Asked for their balance.".into()),
            ended,
            details: vec![("line".into(), "1".into())],
        };
        self.submit(desk, Command::ReportCall(Box::new(report)));
    }

    fn submit(&mut self, desk: &mut Desk, command: Command) {
        match desk.ask(&relay(), command.clone()).unwrap() {
            (Reply::Taken { .. }, true) => self.told.push((command, desk.steady())),
            other => panic!("{other:?}"),
        }
    }

    /// A redelivery, as long as those who redeliver try, changes nothing.
    fn again(&self, desk: &mut Desk, which: usize) {
        let Some(which) = which.checked_rem(self.told.len()) else { return };
        let (command, at) = &self.told[which];
        if desk.steady().0 - at.0 >= 7 * Micros::DAY {
            return;
        }
        match desk.ask(&relay(), command.clone()).unwrap() {
            (Reply::Taken { made: false, .. }, false) => {}
            other => panic!("{command:?} came to {other:?}"),
        }
    }

    fn check(&self, desk: &Desk) {
        desk.check();
        let said = desk.said();
        for text in &self.kept {
            assert_eq!(said.get(text), Some(&1), "{text}");
        }
        assert_eq!(said.values().sum::<usize>(), self.kept.len(), "nobody said more");
        for case in 0..4 {
            let of = format!("zendesk:{case}");
            let open = desk
                .tickets()
                .into_iter()
                .filter(|t| t.external_ids.contains(&of) && t.status.is_open());
            assert!(open.count() <= 1, "{of} has one open ticket at most");
        }
    }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn cases_chats_and_reports_in_any_order_keep_what_must_hold(steps in prop::collection::vec(step(), 1..60)) {
        let (mut desk, mut centre) = (Desk::new(), Centre::default());
        for step in steps {
            centre.step(&mut desk, step);
        }
        centre.check(&desk);
    }
}
