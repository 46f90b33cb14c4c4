//! Who is connected and what each connection is about, so that those who only occupy a place give it to those
//! who work.
//!
//! A connection is counted from the accept until its socket is gone, whatever became of it (a WebSocket too). When
//! there is no place for a new one, an idle one is closed for it: of the address that has most, the one that was idle
//! longest. Where none is idle, and no body is behind its time, the new one is refused and those that work are kept.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::limiter;
use crate::telemetry::metrics::Metrics;

/// How often connections that take too long are looked for.
pub const LOOK: Duration = Duration::from_millis(500);
/// A body of which so long little came gives its place up where one is needed; see [`super::pace`].
const SLOW_BODY: Duration = Duration::from_millis(250);

/// What a connection is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Doing {
    /// Between two requests.
    Idle,
    /// The handshake, or the head of a request, is coming in.
    Head,
    /// A body is coming in.
    Body,
    /// The answer is made and sent.
    Answer,
    /// No longer HTTP.
    Upgraded,
}

impl Doing {
    fn of(bits: u64) -> Doing {
        match bits {
            0 => Doing::Idle,
            1 => Doing::Head,
            2 => Doing::Body,
            3 => Doing::Answer,
            _ => Doing::Upgraded,
        }
    }
}

/// One connection, for as long as its socket lives.
pub struct Place {
    id: u64,
    activity: Arc<Activity>,
    all: Arc<Connections>,
}

/// What a connection does, and since when.
pub struct Activity {
    began: Instant,
    /// Milliseconds since the beginning, and above them what is done: read and written as one.
    state: AtomicU64,
    /// Told when the place is needed or the time is over.
    pub end: Notify,
}

const MILLIS: u64 = (1 << 56) - 1;

impl Activity {
    fn new() -> Activity {
        let state = AtomicU64::new((Doing::Head as u64) << 56);
        Activity { began: Instant::now(), state, end: Notify::new() }
    }

    /// From now on.
    pub fn set(&self, doing: Doing) {
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(MILLIS) & MILLIS;
        self.state.store((doing as u64) << 56 | millis, Ordering::Relaxed);
    }

    pub fn get(&self) -> (Doing, Instant) {
        let state = self.state.load(Ordering::Relaxed);
        (Doing::of(state >> 56), self.began + Duration::from_millis(state & MILLIS))
    }
}

/// How many there may be, and how long they may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub connections: usize,
    pub per_address: usize,
    pub header_timeout: Duration,
    pub idle_timeout: Duration,
}

pub struct Connections {
    limits: Limits,
    metrics: Arc<Metrics>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    next: u64,
    all: HashMap<u64, Held>,
    by_place: HashMap<u64, usize>,
}

struct Held {
    place: u64,
    activity: Arc<Activity>,
}

impl Connections {
    pub fn new(limits: Limits, metrics: Arc<Metrics>) -> Arc<Connections> {
        Arc::new(Connections { limits, metrics, inner: Mutex::default() })
    }

    /// A place for a connection from this address; `shared` where many come from it, as from a proxy. None if
    /// there is none.
    pub fn admit(self: &Arc<Connections>, address: IpAddr, shared: bool) -> Option<Place> {
        let place = limiter::place(Some(address));
        let mut inner = self.inner();
        let here = inner.by_place.get(&place).copied().unwrap_or(0);
        if !shared && here >= self.limits.per_address && !inner.shed(Some(place)) {
            return None;
        }
        if inner.all.len() >= self.limits.connections && !inner.shed(None) {
            return None;
        }
        inner.next += 1;
        let (id, activity) = (inner.next, Arc::new(Activity::new()));
        inner.all.insert(id, Held { place, activity: Arc::clone(&activity) });
        *inner.by_place.entry(place).or_default() += 1;
        drop(inner);
        self.metrics.connections.inc();
        Some(Place { id, activity, all: Arc::clone(self) })
    }

    /// Ends those whose head, or next request, takes too long; for as long as it is awaited.
    pub async fn watch(self: Arc<Connections>) {
        loop {
            tokio::time::sleep(LOOK).await;
            let now = Instant::now();
            for held in self.inner().all.values() {
                let (doing, since) = held.activity.get();
                let patience = match doing {
                    Doing::Idle => self.limits.idle_timeout,
                    Doing::Head => self.limits.header_timeout,
                    Doing::Body | Doing::Answer | Doing::Upgraded => continue,
                };
                if now.saturating_duration_since(since) > patience {
                    held.activity.end.notify_one();
                }
            }
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Takes the place of a connection that does not work, at `place` if that is given. Its socket is closed
    /// soon after.
    fn shed(&mut self, place: Option<u64>) -> bool {
        let now = Instant::now();
        let here = self.all.iter().filter(|(_, held)| place.is_none_or(|p| held.place == p));
        let idle = here.filter_map(|(id, held)| {
            let (doing, since) = held.activity.get();
            let since = now.saturating_duration_since(since);
            let rank = match doing {
                Doing::Idle | Doing::Head => 1,
                Doing::Body if since > SLOW_BODY => 0,
                Doing::Body | Doing::Answer | Doing::Upgraded => return None,
            };
            let crowd = self.by_place.get(&held.place).copied().unwrap_or(0);
            Some(((rank, crowd, since), *id))
        });
        let Some((_, id)) = idle.max() else { return false };
        if let Some(held) = self.remove(id) {
            held.activity.end.notify_one();
        }
        true
    }

    fn remove(&mut self, id: u64) -> Option<Held> {
        let held = self.all.remove(&id)?;
        if let Some(count) = self.by_place.get_mut(&held.place) {
            *count -= 1;
            if *count == 0 {
                self.by_place.remove(&held.place);
            }
        }
        Some(held)
    }
}

impl Place {
    pub fn activity(&self) -> Arc<Activity> {
        Arc::clone(&self.activity)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.metrics.connections.dec();
        self.all.inner().remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk(connections: usize, per_address: usize) -> Arc<Connections> {
        let second = Duration::from_secs(1);
        let limits =
            Limits { connections, per_address, header_timeout: second, idle_timeout: second };
        Connections::new(limits, Arc::new(Metrics::of(std::env::temp_dir())))
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn an_idle_connection_gives_its_place_up_before_a_working_one() {
        let all = desk(2, 2);
        let works = all.admit(address(1), false).expect("a place");
        works.activity.set(Doing::Answer);
        let idle = all.admit(address(1), false).expect("a place");
        idle.activity.set(Doing::Idle);
        let new = all.admit(address(2), false).expect("the idle one's place");
        new.activity.set(Doing::Upgraded);
        assert!(all.admit(address(3), false).is_none(), "those that work are kept");
        // The one that gave its place up takes nobody's with it when it goes.
        drop(idle);
        assert!(all.admit(address(3), false).is_none());
        drop(works);
        assert!(all.admit(address(3), false).is_some());
    }

    #[test]
    fn the_address_with_most_gives_first() {
        let all = desk(4, 4);
        let _alone = all.admit(address(1), false).expect("a place");
        let crowd: Vec<_> = (0..3).filter_map(|_| all.admit(address(2), false)).collect();
        assert_eq!(crowd.len(), 3);
        let _new = all.admit(address(3), false).expect("a place of the crowd's");
        let inner = all.inner();
        assert_eq!(inner.by_place.get(&limiter::place(Some(address(1)))), Some(&1));
        assert_eq!(inner.by_place.get(&limiter::place(Some(address(2)))), Some(&2));
    }

    #[test]
    fn an_address_has_its_share_and_a_proxy_has_all() {
        let all = desk(10, 2);
        let busy = |address, shared| {
            let place = all.admit(address, shared)?;
            place.activity.set(Doing::Answer);
            Some(place)
        };
        let held: Vec<_> = (0..3).map(|_| busy(address(1), false)).collect();
        assert!(held[1].is_some() && held[2].is_none());
        let held: Vec<_> = (0..3).map(|_| busy(address(2), true)).collect();
        assert!(held.iter().all(Option::is_some));
    }
}
