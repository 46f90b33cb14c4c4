//! A year of tickets through the engine's commands, for [`whole`] to recount.

mod by_hand;
mod known;
mod recount;
mod whole;

use known::Known;

use super::sla::Dice;
use super::{Desk, relay};
use crate::domain::agent::Role;
use crate::domain::channel::Channel;
use crate::domain::contact::Mode;
use crate::domain::entry::{Entry, Kind, Speaker, ToolCall};
use crate::domain::priority::Priority;
use crate::domain::reference::Reference;
use crate::domain::sla_policy::SlaTimer;
use crate::domain::status::Status;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::command::{Actor, Command, InboundMessage, Reply};
use crate::engine::desk::TicketChange;
use crate::engine::event::{Event, EventKind};
use crate::engine::intake::{CallReport, CallTurn, NewCase, NewRequester};
use crate::engine::portal::PortalCommand;
use crate::engine::rows::key;

const YEAR: i64 = 365 * Micros::DAY;

fn token(ticket: u64) -> [u8; 32] {
    let mut token = [9; 32];
    token[..8].copy_from_slice(&ticket.to_le_bytes());
    token
}

fn person(id: u64) -> Actor {
    Actor::Agent { id, name: format!("agent {id}"), role: Role::Supervisor, sees_all: true }
}

/// What of a ticket the commands tell that its rows do not keep in one place.
#[derive(Clone, Default)]
struct Told {
    escalated_from: Vec<Option<u64>>,
    people_since: Option<Micros>,
}

struct Year {
    desk: Desk,
    start: Micros,
    dice: Dice,
    /// By number, from the first.
    told: Vec<Told>,
}

impl Year {
    fn run(seed: u64, steps: u64) -> Year {
        let mut desk = Desk::new();
        desk.own(Command::SeedSla).unwrap();
        let start = desk.reading.wall;
        let mut year = Year { desk, start, dice: Dice(seed), told: Vec::new() };
        for step in 0..steps {
            // Some things happen soon after others.
            let soon = year.dice.below(4) > 0;
            let most = if soon { Micros::HOUR as u64 / 3 } else { 8 * YEAR as u64 / steps };
            let wait = year.dice.below(most) as i64;
            year.wait(wait);
            year.step(step);
            let known = year.desk.index.len() as usize;
            year.told.resize(known, Told::default());
        }
        year.wait(0);
        year
    }

    /// Time passes in strides that end where something falls due.
    fn wait(&mut self, micros: i64) {
        let until = self.desk.reading.wall.plus(micros);
        loop {
            while self.tells() {}
            let now = self.desk.reading.wall;
            if now >= until {
                return;
            }
            let next = self.desk.next_timer::<SlaTimer>().unwrap_or(until);
            self.desk.wait((next.min(until).0 - now.0).max(1));
        }
    }

    /// Tells of what is due; false if nothing is.
    fn tells(&mut self) -> bool {
        let timers = self.desk.due::<SlaTimer>();
        self.desk.own(Command::SlaDue { timers }).unwrap().0 != Reply::Swept(0)
    }

    fn step(&mut self, step: u64) {
        let known = self.desk.index.len();
        // Mostly the newest ones.
        let among = if self.dice.below(3) == 0 { known } else { known.min(5) };
        let number = 1000 + known.max(1) - self.dice.below(among.max(1));
        let ticket = Reference::Number(number);
        let who = person(1 + self.dice.below(4));
        let dice = self.dice.below(18);
        match dice {
            0 | 1 => self.form(step),
            2 => self.message(step),
            3 => self.call(step),
            _ if known == 0 => self.form(step),
            4 => drop(self.desk.ask(&who, Command::Claim { ticket })),
            5 | 6 => self.comment(number, &who, dice == 6),
            7 => self.escalate(number, &who),
            8 => self.with_the_bot_for_an_hour(number, &who),
            9 | 10 => {
                let rating = 1 + self.dice.below(5) as u8;
                let rate = PortalCommand::Rate {
                    ticket: number,
                    token: token(number),
                    rating,
                    feedback: None,
                };
                let _ = self.desk.own(Command::Portal(rate));
            }
            11 if self.dice.below(8) == 0 => {
                let change = TicketChange::Delete;
                let delete = Command::ChangeTicket { ticket, change, expected: None };
                let _ = self.desk.ask(&who, delete);
            }
            12 if self.dice.below(8) == 0 => self.merge(number, &who),
            _ => {
                let to = Status::ALL[self.dice.below(7) as usize];
                let set = Command::SetStatus { ticket, to, reason: None, notes: None };
                let _ = self.desk.ask(&who, set);
            }
        }
    }

    fn form(&mut self, step: u64) {
        let case = NewCase {
            channel: Channel::Web,
            source: None,
            name: None,
            delivery: None,
            requester: NewRequester::default(),
            subject: Some(format!("form {step}")),
            description: Some(["has it shipped?", "hello"][self.dice.below(2) as usize].into()),
            described_by: Speaker::User,
            opened_at: None,
            order_id: None,
            priority: [None, Some(Priority::Low), Some(Priority::Urgent)]
                [self.dice.below(3) as usize],
            tags: [vec![], vec!["vip".into()], vec!["vip".into(), "loan".into()]]
                [self.dice.below(3) as usize]
                .clone(),
            turns: Vec::new(),
            status: None,
        };
        let token = token(1001 + self.desk.index.len());
        let submit = PortalCommand::Submit { case: Box::new(case), token };
        self.desk.own(Command::Portal(submit)).unwrap();
    }

    fn message(&mut self, step: u64) {
        let customer = self.dice.below(30);
        let message = InboundMessage {
            instance: "bridge 0".into(),
            id: Some(format!("{step}")),
            addresses: vec![format!("62800{customer:06}@s.whatsapp.net")],
            text: "hello".into(),
            ..InboundMessage::default()
        };
        self.desk.own(Command::ReceiveMessage(Box::new(message))).unwrap();
    }

    /// A person who answers in place of the bot kept nobody waiting.
    fn comment(&mut self, number: u64, who: &Actor, is_internal: bool) {
        let waits = self.desk.ticket(number).first_response_at.is_none();
        let ticket = Reference::Number(number);
        let body = "we look into it".to_owned();
        let comment = Command::AddComment { ticket, body, is_internal, attachments: Vec::new() };
        if self.desk.ask(who, comment).is_err() {
            return;
        }
        let mut events = self.desk.last.iter().map(|e| Event::decode(e, &self.desk.seal).unwrap());
        if waits && events.any(|event| event.kind == EventKind::ConversationModeChanged) {
            self.told[(number - 1001) as usize].people_since = Some(self.desk.reading.wall);
        }
    }

    /// A call with a bot that begins, and ends some minutes later.
    fn call(&mut self, step: u64) {
        let tools = self.dice.below(3);
        let names = ["search_policy", "get_balance", "kbSearch"];
        let tool_calls = names.into_iter().take(tools as usize);
        let tool_calls = tool_calls.map(|name| ToolCall {
            name: name.into(),
            arguments: "{}".into(),
            output: None,
        });
        let turn =
            |speaker, tool_calls| CallTurn { speaker, text: "hello".into(), at: None, tool_calls };
        let report = CallReport {
            session_id: format!("session {step}"),
            event: format!("begin {step}"),
            customer_name: None,
            customer_phone: None,
            turns: vec![
                turn(Speaker::User, Vec::new()),
                turn(Speaker::Agent, tool_calls.collect()),
            ],
            summary: None,
            ended: false,
            details: Vec::new(),
        };
        self.desk.ask(&relay(), Command::ReportCall(Box::new(report.clone()))).unwrap();
        let number = 1000 + self.desk.index.len();
        self.told.resize(self.desk.index.len() as usize, Told::default());
        let minutes = self.dice.below(20) as i64;
        self.wait(minutes * Micros::MINUTE + 1);
        let ended = CallReport { ended: true, event: format!("end {step}"), ..report };
        self.desk.ask(&relay(), Command::ReportCall(Box::new(ended))).unwrap();
        if !self.desk.ticket(number).call_running {
            self.told[(number - 1001) as usize].people_since = Some(self.desk.reading.wall);
        }
    }

    fn escalate(&mut self, number: u64, who: &Actor) {
        let had = self.desk.ticket(number).assignee.map(|assignee| assignee.agent);
        let reason = format!("too hard {}", self.desk.drawn);
        let change = TicketChange::Escalate { reason, to: None };
        let ticket = Reference::Number(number);
        let asked = Command::ChangeTicket { ticket, change, expected: None };
        if self.desk.ask(who, asked).is_ok() {
            let had = had.or(self.desk.ticket(number).assignee.map(|assignee| assignee.agent));
            self.told[(number - 1001) as usize].escalated_from.push(had);
        }
    }

    /// What no person has answered yet becomes part of the one before it.
    fn merge(&mut self, number: u64, who: &Actor) {
        let merged = self.desk.ticket(number);
        let is_answered = merged.channel != Channel::Call && merged.first_response_at.is_some();
        let by_person = |entry: &Entry| entry.kind == Kind::Message && entry.author.is_some();
        if is_answered || self.desk.entries(number).iter().any(by_person) {
            return;
        }
        let (into, others) = (Reference::Number(number - 1), vec![Reference::Number(number)]);
        let _ = self.desk.ask(who, Command::MergeTickets { into, others, reason: None });
    }

    /// Somebody gives the chat to the bot, which gives it back after an hour.
    fn with_the_bot_for_an_hour(&mut self, number: u64, who: &Actor) {
        let Some(conversation) = self.desk.ticket(number).conversation else { return };
        let set = |mode| Command::SetMode { conversation, mode };
        let _ = self.desk.ask(who, set(Mode::Bot));
        self.wait(Micros::HOUR);
        let of_this = |year: &Year| {
            let row = year.desk.rows().get(&key::number(conversation)).unwrap();
            let conversation: crate::domain::contact::Conversation = row.unwrap();
            (conversation.ticket, conversation.mode)
        };
        let (at, mode) = of_this(self);
        let _ = self.desk.ask(who, set(Mode::Agent));
        if let (Some(at), Mode::Bot) = (at, mode) {
            let ticket = self.desk.rows().home(at).unwrap().unwrap();
            if ticket.status.is_open() && ticket.first_response_at.is_none() {
                self.told[(at - 1001) as usize].people_since = Some(self.desk.reading.wall);
            }
        }
    }

    /// What is not part of another ticket, nor deleted.
    fn tickets(&self) -> Vec<Known> {
        let known = |ticket: Ticket| Known::of(self, ticket);
        self.desk.tickets().into_iter().filter(Ticket::is_live).map(known).collect()
    }
}
