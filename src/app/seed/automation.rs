//! The rules that ship (S2.14, S2.33, S3.19, S4.23, S4.24), as the configuration has them.

use std::time::Duration;

use crate::config::AutomationConfig;
use crate::domain::condition::{Condition, Conditions, Field, Op};
use crate::domain::priority::Priority;
use crate::domain::rule::{Action, RuleBody, Since, Trigger};
use crate::domain::status::Status;
use crate::engine::automation::Shipped;

/// Words by which a customer of each language says that it cannot wait (S2.33).
const ENGLISH: &[&str] =
    &["urgent", "broken", "can't access", "cannot access", "asap", "emergency"];
const INDONESIAN: &[&str] =
    &["gawat", "darurat", "rusak", "tidak bisa akses", "tidak bisa masuk", "segera"];
const SPANISH: &[&str] =
    &["urgente", "roto", "no puedo acceder", "no puedo entrar", "emergencia", "de inmediato"];

pub fn shipped(config: &AutomationConfig) -> Vec<Shipped> {
    let mut rules = on_events(config);
    rules.extend(on_time(config));
    for (at, rule) in rules.iter_mut().enumerate() {
        rule.body.position = (at as u32 + 1) * 10;
        rule.body.active &= config.off.iter().all(|key| key != rule.key);
    }
    rules
}

fn on_events(config: &AutomationConfig) -> Vec<Shipped> {
    let escalate = |reason: &str| vec![Action::Escalate { reason: reason.to_owned(), to: None }];
    let calm = || condition("escalated", Op::Is, &["false"]);
    let customer = || condition("speaker", Op::Is, &["customer"]);
    let said = "ticket.message.added";
    let keywords = |key, name, words: &[&str]| {
        let conditions = vec![calm(), customer(), condition("text", Op::Contains, words)];
        event(key, name, &[said], conditions, escalate("a word that cannot wait ({rule})"))
    };
    let mut often = event(
        "customer_repeats",
        "The customer writes again and again",
        &[said],
        vec![
            calm(),
            customer(),
            condition(
                "customer_messages",
                Op::AtLeast,
                &[&config.customer_wrote.max(1).to_string()],
            ),
        ],
        escalate("the customer wrote {customer_messages} times without an answer"),
    );
    often.body.active = config.customer_wrote > 0;
    let count = config.similar_tickets.max(1).to_string();
    let mut similar = event(
        "similar",
        "Several tickets alike within an hour",
        &["ticket.created"],
        vec![calm(), condition("similar", Op::AtLeast, &[&count])],
        escalate("tickets alike within an hour: {similar}"),
    );
    similar.body.active = config.similar_tickets > 0;
    vec![
        event(
            "sla_at_risk",
            "SLA at three quarters of its time",
            &["ticket.sla.warning"],
            vec![calm()],
            escalate("three quarters of the time of its SLA have passed"),
        ),
        often,
        event(
            "vip",
            "A VIP customer",
            &["ticket.created", "ticket.updated"],
            vec![calm(), condition("vip", Op::Is, &["true"])],
            escalate("a VIP customer"),
        ),
        keywords("keywords_en", "Words that cannot wait (English)", ENGLISH),
        keywords("keywords_id", "Words that cannot wait (Indonesian)", INDONESIAN),
        keywords("keywords_es", "Words that cannot wait (Spanish)", SPANISH),
        similar,
        event(
            "sentiment",
            "Strong negative sentiment",
            &["ticket.updated", said],
            vec![calm(), condition("sentiment", Op::Is, &["very_negative", "strong_negative"])],
            escalate("the customer is very unhappy"),
        ),
    ]
}

fn on_time(config: &AutomationConfig) -> Vec<Shipped> {
    let no_call = || vec![condition("channel", Op::IsNot, &["call"])];
    let reason = "the customer has waited for an answer for too long".to_owned();
    vec![
        wait(
            ("pending_alert", "Nobody has taken it"),
            (Since::Unclaimed, config.alert_after),
            Vec::new(),
            vec![Action::Notify],
        ),
        wait(
            ("unanswered_urgent", "No answer: urgent"),
            (Since::Unanswered, config.urgent_after),
            no_call(),
            vec![Action::SetPriority(Priority::Urgent)],
        ),
        wait(
            ("unanswered_escalate", "No answer: escalated"),
            (Since::Unanswered, config.escalate_after),
            no_call(),
            vec![Action::Escalate { reason, to: None }],
        ),
        wait(
            ("auto_close", "Resolved long enough"),
            (Since::Resolved, config.close_after),
            Vec::new(),
            vec![Action::SetStatus(Status::Closed)],
        ),
    ]
}

fn condition(field: &str, op: Op, values: &[&str]) -> Condition {
    let field = Field::try_from(field.to_owned()).expect("a field that there is");
    Condition { field, op, values: values.iter().map(|value| (*value).to_owned()).collect() }
}

fn body(trigger: Trigger, all: Vec<Condition>, actions: Vec<Action>) -> RuleBody {
    let conditions = Conditions { all, any: Vec::new() };
    RuleBody { active: true, position: 0, stop: false, trigger, conditions, actions }
}

fn event(
    key: &'static str,
    name: &'static str,
    events: &[&str],
    all: Vec<Condition>,
    actions: Vec<Action>,
) -> Shipped {
    let events = events.iter().map(|event| (*event).to_owned()).collect();
    Shipped { key, name, body: body(Trigger::Events(events), all, actions) }
}

fn wait(
    (key, name): (&'static str, &'static str),
    (since, time): (Since, Duration),
    all: Vec<Condition>,
    actions: Vec<Action>,
) -> Shipped {
    let mut body = body(Trigger::After { since, seconds: time.as_secs().max(1) }, all, actions);
    body.active = !time.is_zero();
    Shipped { key, name, body }
}
