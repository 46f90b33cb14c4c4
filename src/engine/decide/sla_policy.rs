//! The rows by which tickets are promised an answer in time: policies and business hours (S3.14 to S3.16, S3.25).

use crate::domain::calendar::Span;
use crate::domain::sla;
use crate::domain::sla_policy::{
    BadHours, BusinessHours, Conditions, DAYS, MAX_POLICIES, SlaPolicy,
};
use crate::engine::command::{NewBusinessHours, NewSlaPolicy, Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::rows::key;
use crate::store::Table;

/// The names under which policies and business hours are counted.
const POLICY: &str = "sla_policy";
const HOURS: &str = "business_hours";

/// The two tables that ship (DESIGN C4), and the hours of a usual week, into a store that never had a policy.
pub fn seed(draft: &mut Draft<'_>) -> Result<Reply, Refusal> {
    if draft.counted(POLICY)? > 0 {
        return Ok(Reply::Done);
    }
    let hours = BusinessHours {
        id: draft.next(HOURS, 1)?,
        name: "Business hours".into(),
        timezone: draft.ctx.rules.zone.iana_name().unwrap_or("UTC").to_owned(),
        // S3.15
        week: std::array::from_fn(|day| match day {
            0..=4 => vec![Span { start: 9 * 60, end: 18 * 60 }],
            _ => Vec::new(),
        }),
        holidays: Vec::new(),
        created_at: draft.ctx.now,
        updated_at: draft.ctx.now,
    };
    draft.put(&key::number(hours.id), &hours);
    let shipped = [
        ("Standard", "First response and resolution by priority", sla::standard(), true),
        (
            "Fast response",
            "For chats and assistants: a first word soon",
            sla::fast_response(),
            false,
        ),
    ];
    for (name, description, promise, is_default) in shipped {
        let id = draft.next(POLICY, 1)?;
        let policy = SlaPolicy {
            id,
            name: name.into(),
            description: description.into(),
            promise,
            hours: None,
            is_default,
            conditions: Conditions::default(),
            created_at: draft.ctx.now,
            updated_at: draft.ctx.now,
        };
        draft.put(&key::number(id), &policy);
    }
    Ok(Reply::Done)
}

/// Makes a policy, or changes the one of this id.
pub fn save(draft: &mut Draft<'_>, id: Option<u64>, new: &NewSlaPolicy) -> Result<Reply, Refusal> {
    let policies = draft.rows().sla_policies()?;
    let found = id.map(|id| {
        let found = policies.iter().find(|policy| policy.id == id);
        found.ok_or_else(|| Refusal::NotFound("such SLA policy".into()))
    });
    let before = found.transpose()?;
    if before.is_none() && policies.len() >= MAX_POLICIES {
        return Err(Refusal::Conflict(format!("there are {MAX_POLICIES} SLA policies already")));
    }
    let named = |policy: &&SlaPolicy| alike(&policy.name, &new.name) && Some(policy.id) != id;
    if let Some(other) = policies.iter().find(named) {
        return Err(Refusal::Conflict(format!("SLA policy {} has this name", other.id)));
    }
    if let Some(hours) = new.hours
        && draft.get::<BusinessHours>(&key::number(hours))?.is_none()
    {
        let why = "there are no such business hours".into();
        return Err(Refusal::Invalid { field: "business_hours_id", why });
    }
    if before.is_some_and(|policy| policy.is_default) && !new.is_default {
        return Err(Refusal::Conflict(
            "this is the default policy: make another one the default instead".into(),
        ));
    }
    let now = draft.ctx.now;
    let policy = SlaPolicy {
        id: match id {
            Some(id) => id,
            None => draft.next(POLICY, 1)?,
        },
        name: new.name.clone(),
        description: new.description.clone(),
        promise: new.promise.clone(),
        hours: new.hours,
        is_default: new.is_default,
        conditions: new.conditions.clone(),
        created_at: before.map_or(now, |policy| policy.created_at),
        updated_at: now,
    };
    for other in policies.iter().filter(|p| policy.is_default && p.is_default && p.id != policy.id)
    {
        let demoted = SlaPolicy { is_default: false, updated_at: now, ..other.clone() };
        draft.put(&key::number(other.id), &demoted);
    }
    draft.put(&key::number(policy.id), &policy);
    Ok(Reply::SlaPolicy(Box::new(policy)))
}

/// Tickets keep their copies.
pub fn delete(draft: &mut Draft<'_>, id: u64) -> Result<Reply, Refusal> {
    let found = draft.get::<SlaPolicy>(&key::number(id))?;
    let policy = found.ok_or_else(|| Refusal::NotFound("such SLA policy".into()))?;
    if policy.is_default {
        return Err(Refusal::Conflict(
            "the default policy cannot be deleted: make another one the default first".into(),
        ));
    }
    draft.delete(Table::SlaPolicies, &key::number(id));
    Ok(Reply::Done)
}

/// Makes business hours, or changes those of this id. Clocks that count in them are looked at when they are
/// due, and then told by the new hours.
pub fn save_hours(
    draft: &mut Draft<'_>,
    id: Option<u64>,
    new: &NewBusinessHours,
) -> Result<Reply, Refusal> {
    let all = draft.rows().business_hours()?;
    let found = id.map(|id| {
        let found = all.iter().find(|hours| hours.id == id);
        found.ok_or_else(|| Refusal::NotFound("such business hours".into()))
    });
    let before = found.transpose()?;
    if before.is_none() && all.len() >= MAX_POLICIES {
        return Err(Refusal::Conflict(format!("there are {MAX_POLICIES} business hours already")));
    }
    let named = |hours: &&BusinessHours| alike(&hours.name, &new.name) && Some(hours.id) != id;
    if let Some(other) = all.iter().find(named) {
        return Err(Refusal::Conflict(format!("business hours {} have this name", other.id)));
    }
    let now = draft.ctx.now;
    let hours = BusinessHours {
        id: match id {
            Some(id) => id,
            None => draft.next(HOURS, 1)?,
        },
        name: new.name.clone(),
        timezone: new.timezone.clone(),
        week: new.week.clone(),
        holidays: new.holidays.clone(),
        created_at: before.map_or(now, |hours| hours.created_at),
        updated_at: now,
    };
    let checked = hours.calendar().map_err(|bad| match bad {
        BadHours::Timezone => ("timezone", "must be an IANA name such as Asia/Jakarta".to_owned()),
        BadHours::Holiday(day) => ("holidays", format!("{day} is no day such as 2025-12-25")),
        BadHours::Week(bad) => ("schedule", format!("{}: {}", DAYS[bad.day], bad.why)),
    });
    checked.map_err(|(field, why)| Refusal::Invalid { field, why })?;
    draft.put(&key::number(hours.id), &hours);
    Ok(Reply::BusinessHours(Box::new(hours)))
}

pub fn delete_hours(draft: &mut Draft<'_>, id: u64) -> Result<Reply, Refusal> {
    if draft.get::<BusinessHours>(&key::number(id))?.is_none() {
        return Err(Refusal::NotFound("such business hours".into()));
    }
    let policies = draft.rows().sla_policies()?;
    if let Some(policy) = policies.iter().find(|policy| policy.hours == Some(id)) {
        let why = format!("SLA policy {:?} counts in these hours", policy.name);
        return Err(Refusal::Conflict(why));
    }
    draft.delete(Table::BusinessHours, &key::number(id));
    Ok(Reply::Done)
}

fn alike(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
