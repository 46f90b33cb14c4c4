//! What the CRM's client sends in more than one form: ids, agents, places.

use serde::Deserialize;

use super::list::customer_number;
use crate::domain::crm::{Location, MAX_PLACE};
use crate::http::error::Failure;
use crate::http::extract::Input;
use crate::http::intake::Findings;
use crate::http::tickets_actions::AgentName;
use crate::wire::problem::Problem;

/// An id as a number, a text, or an object of the client's that has one.
#[derive(Clone, Deserialize)]
#[serde(untagged, expecting = "must be a number, or an object with _id")]
pub enum IdGiven {
    Number(u64),
    Text(String),
    Object {
        #[serde(rename = "_id", alias = "id")]
        id: Box<IdGiven>,
    },
}

impl IdGiven {
    pub fn number(&self, field: &str) -> Result<u64, Problem> {
        let found = match self {
            IdGiven::Number(number) => Some(*number),
            IdGiven::Text(text) => customer_number(text),
            IdGiven::Object { id } => return id.number(field),
        };
        found.ok_or_else(|| Problem::field(field, "must be a number, as 17"))
    }
}

/// An agent as a number, `me`, or an object of the client's.
#[derive(Clone, Deserialize)]
#[serde(untagged, expecting = "must be an agent's number, \"me\" or an object with _id")]
pub enum AgentGiven {
    Name(AgentName),
    Object {
        #[serde(rename = "_id", alias = "id")]
        id: AgentName,
    },
}

impl AgentGiven {
    pub fn id<T>(&self, input: &Input<T>, field: &str) -> Result<u64, Failure> {
        match self {
            AgentGiven::Name(name) | AgentGiven::Object { id: name } => {
                name.id(&input.caller, field)
            }
        }
    }
}

/// Where something is: its address, or address and degrees.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum PlaceGiven {
    Address(String),
    Place {
        #[serde(alias = "formattedAddress")]
        address: Option<String>,
        latitude: Option<f64>,
        longitude: Option<f64>,
    },
}

/// The place that was given; what is wrong with it is found.
pub fn place(findings: &mut Findings, given: Option<&PlaceGiven>) -> Option<Location> {
    let (address, latitude, longitude) = match given? {
        PlaceGiven::Address(address) => (Some(address.clone()), None, None),
        PlaceGiven::Place { address, latitude, longitude } => {
            (address.clone(), *latitude, *longitude)
        }
    };
    let address = address.map(|a| a.trim().to_owned()).filter(|address| !address.is_empty());
    if let Some(address) = &address {
        findings.line("location", address, MAX_PLACE);
    }
    let on_earth = match (latitude, longitude) {
        (None, None) => true,
        (Some(north), Some(east)) => north.abs() <= 90.0 && east.abs() <= 180.0,
        _ => false,
    };
    if !on_earth {
        let why = "needs a latitude of -90 to 90 and a longitude of -180 to 180, or neither";
        findings.find("location", why);
    }
    let place = Location { address, latitude, longitude };
    (place != Location::default()).then_some(place)
}

/// What was given at all, without what stands around it.
pub fn trimmed(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
