//! Rules are made, changed, switched and deleted; those that ship follow the configuration until somebody changes them.

use super::rules::runs_of;
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::rule::{Action, MAX_RULES, Rule, RuleBody, RuleRun};
use crate::engine::automation::{REWIND, Shipped};
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::rows::key;
use crate::store::codec::Record;
use crate::store::records::Count;
use crate::store::{Order, Table};

pub fn save(
    draft: &mut Draft<'_>,
    id: Option<u64>,
    name: &str,
    body: &RuleBody,
) -> Result<Reply, Refusal> {
    let now = draft.ctx.now;
    for action in &body.actions {
        if let Action::Assign(agent) | Action::Escalate { to: Some(agent), .. } = action {
            super::desk::active_agent(draft, *agent, "actions")?;
        }
    }
    let rule = match id {
        Some(id) => Rule { changed: true, paused: None, ..known(draft, id)? },
        None => new(draft, name, None)?,
    };
    let rule = Rule { name: name.to_owned(), body: body.clone(), updated_at: now, ..rule };
    put(draft, &rule);
    Ok(Reply::Rule(Box::new(rule)))
}

fn new(draft: &mut Draft<'_>, name: &str, shipped: Option<&Shipped>) -> Result<Rule, Refusal> {
    if draft.rows().rules()?.len() >= MAX_RULES {
        return Err(Refusal::Conflict(format!("there are {MAX_RULES} rules already")));
    }
    let now = draft.ctx.now;
    Ok(Rule {
        id: draft.next("rule", 1)?,
        name: name.to_owned(),
        key: shipped.map(|shipped| shipped.key.to_owned()),
        changed: false,
        deleted: false,
        body: shipped.map_or_else(empty, |shipped| shipped.body.clone()),
        paused: None,
        created_at: now,
        updated_at: now,
    })
}

fn empty() -> RuleBody {
    RuleBody {
        active: false,
        position: 0,
        stop: false,
        trigger: crate::domain::rule::Trigger::Events(Vec::new()),
        conditions: Default::default(),
        actions: Vec::new(),
    }
}

fn known(draft: &Draft<'_>, id: u64) -> Result<Rule, Refusal> {
    let found = draft.get::<Rule>(&key::number(id))?.filter(|rule| !rule.deleted);
    found.ok_or_else(|| Refusal::NotFound("such rule".into()))
}

/// Waits may be others now: the timers of all tickets are looked at anew.
fn put(draft: &mut Draft<'_>, rule: &Rule) {
    draft.put(&key::number(rule.id), rule);
    draft.put(REWIND.as_bytes(), &Count(FIRST_NUMBER));
}

pub fn switch(draft: &mut Draft<'_>, id: u64, active: bool) -> Result<Reply, Refusal> {
    let rule = known(draft, id)?;
    let body = RuleBody { active, ..rule.body };
    let rule = Rule { body, changed: true, paused: None, updated_at: draft.ctx.now, ..rule };
    put(draft, &rule);
    Ok(Reply::Rule(Box::new(rule)))
}

pub fn delete(draft: &mut Draft<'_>, id: u64) -> Result<Reply, Refusal> {
    let rule = known(draft, id)?;
    let (start, end) = (key::pair(id, 0), key::pair(id + 1, 0));
    let runs = draft.rows().scan::<RuleRun>(&start, Some(&end), Order::Ascending, usize::MAX)?;
    for (row, _) in runs {
        draft.delete(RuleRun::TABLE, &row);
    }
    draft.delete(Table::Counts, runs_of(id).as_bytes());
    if rule.key.is_some() {
        draft.put(&key::number(id), &Rule { deleted: true, ..rule });
    } else {
        draft.delete(Rule::TABLE, &key::number(id));
    }
    Ok(Reply::Done)
}

/// Puts those that ship and are not there, and those that the configuration has otherwise by now.
pub fn follow(draft: &mut Draft<'_>, shipped: &[Shipped]) -> Result<Reply, Refusal> {
    let rows = draft.rows().scan::<Rule>(&[], None, Order::Ascending, usize::MAX)?;
    for one in shipped {
        let known = rows.iter().map(|(_, rule)| rule);
        match known.clone().find(|rule| rule.key.as_deref() == Some(one.key)) {
            None => {
                let rule = new(draft, one.name, Some(one))?;
                draft.put(&key::number(rule.id), &rule);
            }
            Some(rule) if !rule.changed && !rule.deleted && rule.body != one.body => {
                let body = one.body.clone();
                put(draft, &Rule { body, updated_at: draft.ctx.now, ..rule.clone() });
            }
            Some(_) => {}
        }
    }
    Ok(Reply::Done)
}
