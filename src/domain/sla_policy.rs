//! What is promised to whom: policies, the business hours that they may count in, and a ticket's copy of its
//! promise (S2.27, S3.14 to S3.16).

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::calendar::{BadWeek, Calendar, Week};
use super::channel::Channel;
use super::condition::{is_vip, languages, same};
use super::profile::Profile;
use super::sla::{Promise, Target, Targets};
use super::ticket::Ticket;
use super::time::Micros;

/// Policies, and calendars, that there may be.
pub const MAX_POLICIES: usize = 100;
/// Names are 1 to so many characters.
pub const MAX_POLICY_NAME: usize = 100;
pub const MAX_POLICY_TEXT: usize = 1000;
/// Values in one condition.
pub const MAX_CONDITION: usize = 50;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlaPolicy {
    pub id: u64,
    /// Theirs alone among policies, whatever the case of its letters.
    pub name: String,
    pub description: String,
    pub promise: Promise,
    /// The business hours in which its time runs; none: every hour.
    pub hours: Option<u64>,
    /// It is for tickets that no other policy is for; at most one is.
    pub is_default: bool,
    pub conditions: Conditions,
    pub created_at: Micros,
    pub updated_at: Micros,
}

/// For which tickets a policy is: those that fit each condition that names something. A policy without
/// conditions is chosen as the default, or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    pub channels: Vec<Channel>,
    pub categories: Vec<String>,
    pub tags: Vec<String>,
    pub vip: Option<bool>,
    /// Of the contact, or of the ticket's description or subject.
    pub languages: Vec<String>,
    /// Attributes of the contact, each with the values that fit.
    pub contact: Vec<(String, Vec<String>)>,
}

impl Conditions {
    pub fn is_empty(&self) -> bool {
        *self == Conditions::default()
    }

    pub fn fit(&self, ticket: &Ticket, profile: &Profile) -> bool {
        let among = |values: &[String], value: &str| values.iter().any(|one| one == value);
        let channel = self.channels.is_empty() || self.channels.contains(&ticket.channel);
        let category = self.categories.is_empty()
            || ticket.category.as_deref().is_some_and(|name| among(&self.categories, name));
        let tags = self.tags.is_empty() || ticket.tags.iter().any(|name| among(&self.tags, name));
        channel && category && tags && self.fit_contact(ticket, profile)
    }

    fn fit_contact(&self, ticket: &Ticket, profile: &Profile) -> bool {
        let among = |values: &[String], value: &str| values.iter().any(|one| same(one, value));
        let vip = self.vip.is_none_or(|vip| vip == is_vip(ticket, profile));
        let said = ticket.description.as_deref().or(ticket.subject.as_deref());
        let language = self.languages.is_empty()
            || languages(profile, said).iter().any(|one| among(&self.languages, one));
        let mut attributes = self.contact.iter();
        let attributes = attributes.all(|(name, values)| {
            profile.attribute(name).is_some_and(|value| among(values, value))
        });
        vip && language && attributes
    }
}

/// The policy of a new ticket: the first, by id, whose conditions it fits, else the one of its `usual` name, else the
/// default.
pub fn choose<'p>(
    policies: &'p [SlaPolicy],
    (ticket, profile): (&Ticket, &Profile),
    usual: Option<&str>,
) -> Option<&'p SlaPolicy> {
    let fits = |p: &&SlaPolicy| !p.conditions.is_empty() && p.conditions.fit(ticket, profile);
    let meant = policies.iter().find(fits);
    let usual = usual.map(str::to_lowercase);
    let named = || policies.iter().find(|p| usual.as_ref() == Some(&p.name.to_lowercase()));
    meant.or_else(named).or_else(|| policies.iter().find(|p| p.is_default))
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BusinessHours {
    pub id: u64,
    pub name: String,
    /// IANA, `Asia/Jakarta`.
    pub timezone: String,
    pub week: Week,
    /// `2025-12-25`, in order, each once.
    pub holidays: Vec<String>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

/// The names of the days in a schedule, Monday first.
pub const DAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// What is wrong with business hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadHours {
    Timezone,
    Holiday(String),
    Week(BadWeek),
}

impl BusinessHours {
    pub fn calendar(&self) -> Result<Calendar, BadHours> {
        let zone = TimeZone::get(&self.timezone).map_err(|_| BadHours::Timezone)?;
        let read = |day: &String| day.parse::<Date>().map_err(|_| BadHours::Holiday(day.clone()));
        let holidays = self.holidays.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Calendar::new(zone, self.week.clone(), holidays).map_err(BadHours::Week)
    }
}

/// A ticket's copy of what it was promised, and what has been told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlaClock {
    pub policy: u64,
    /// For those who look when the policy is gone.
    pub policy_name: String,
    pub targets: Targets,
    pub hours: Option<u64>,
    pub first_response: Told,
    pub resolution: Told,
    /// The key of its row among the timers.
    pub wakes_at: Option<Micros>,
}

/// When it was told, once each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub warned_at: Option<Micros>,
    pub breached_at: Option<Micros>,
}

impl SlaClock {
    pub fn told(&self, target: Target) -> Told {
        match target {
            Target::FirstResponse => self.first_response,
            Target::Resolution => self.resolution,
        }
    }

    pub fn told_mut(&mut self, target: Target) -> &mut Told {
        match target {
            Target::FirstResponse => &mut self.first_response,
            Target::Resolution => &mut self.resolution,
        }
    }
}

/// That a ticket's clock is to be looked at, at the time that its key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaTimer {}
