//! Who is there, and what each person takes (S3.18, S4.25).

use super::desk::active_agent;
use crate::domain::presence::{MAX_CAPACITY, Presence, State, Workload};
use crate::domain::sla_policy::BusinessHours;
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::rows::key;

pub fn set(
    draft: &mut Draft<'_>,
    agent: u64,
    state: State,
    by_hand: bool,
) -> Result<Reply, Refusal> {
    let row = key::number(agent);
    let before = draft.get::<Presence>(&row)?;
    let (since, steady) = (draft.ctx.now, draft.ctx.steady);
    let presence = match before {
        // What only becomes somebody's own choice began before.
        Some(before) if before.state == state => Presence { by_hand, ..before },
        _ => Presence { state, by_hand, since, steady, returned: false },
    };
    if state != State::Offline {
        active_agent(draft, agent, "agent_id")?;
    }
    if before != Some(presence) {
        draft.put(&row, &presence);
    }
    Ok(Reply::Presence(presence))
}

pub fn set_workload(
    draft: &mut Draft<'_>,
    agent: u64,
    workload: Workload,
) -> Result<Reply, Refusal> {
    active_agent(draft, agent, "agent_id")?;
    if workload.capacity.is_some_and(|most| most > MAX_CAPACITY) {
        let why = format!("must be 0 to {MAX_CAPACITY} open tickets");
        return Err(Refusal::Invalid { field: "capacity", why });
    }
    if let Some(id) = workload.hours
        && draft.get::<BusinessHours>(&key::number(id))?.is_none()
    {
        let why = format!("there are no business hours {id}");
        return Err(Refusal::Invalid { field: "business_hours_id", why });
    }
    draft.put(&key::number(agent), &workload);
    Ok(Reply::Done)
}
