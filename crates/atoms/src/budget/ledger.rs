//! The account of all jobs.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{
    Budget,
    paused::{Limit, Paused},
    price::{Call, MicroUsd, count},
};
use crate::Usage;

/// How many jobs are counted at once. The queue of jobs is far shorter.
const JOBS_MAX: usize = 4_096;

/// What was spent, by job and day. Clones are the same account.
#[derive(Clone)]
pub struct Ledger {
    books: Arc<Mutex<Books>>,
}

struct Books {
    budget: Budget,
    kept: Snapshot,
}

/// The account as a journal keeps it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    day: Option<Date>,
    today: Account,
    jobs: BTreeMap<String, Account>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    cost: MicroUsd,
    tokens: u64,
    calls: u64,
    calls_unpriced: u64,
    /// By calls that are not settled.
    reserved_cost: MicroUsd,
    reserved_tokens: u64,
}

/// What a job has spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Without the calls that nobody could price.
    pub cost_usd: f64,
    pub tokens: u64,
    pub calls: u64,
    pub calls_unpriced: u64,
}

/// Whether a call may be made.
#[derive(Debug)]
pub enum Admission {
    Granted(Reservation),
    Paused(Paused),
}

/// The right to make one call.
///
/// If it is dropped, as when the call is cancelled, the call counts as if it had used all it could:
/// nobody knows what of it will be billed.
#[must_use = "a dropped reservation is spent"]
pub struct Reservation {
    books: Arc<Mutex<Books>>,
    job: String,
    tokens: u64,
    cost: Option<MicroUsd>,
    is_settled: bool,
}

/// How many calls of a kind a job can still make.
#[derive(Clone, Debug, PartialEq)]
pub struct Affordable {
    pub attempts: u64,
    /// What runs out first.
    pub limit: Limit,
    /// If it is fewer than were wanted.
    pub warning: Option<String>,
}

/// What is left under one limit: allowed, used, wanted.
struct Room {
    limit: Limit,
    allowed: u64,
    used: u64,
    wanted: u64,
}

impl Ledger {
    pub fn new(budget: Budget) -> Self {
        Self::restore(budget, Snapshot::default())
    }

    /// Goes on from a snapshot. What was reserved and never settled may have been billed: it counts
    /// as spent.
    pub fn restore(budget: Budget, mut kept: Snapshot) -> Self {
        kept.today.spend_reserved();
        kept.jobs.values_mut().for_each(Account::spend_reserved);
        Self {
            books: Arc::new(Mutex::new(Books { budget, kept })),
        }
    }

    pub fn snapshot(&self) -> Snapshot {
        lock(&self.books).kept.clone()
    }

    /// Lets paused jobs go on, if it is more than before.
    pub fn set_budget(&self, budget: Budget) {
        lock(&self.books).budget = budget;
    }

    /// Counts what was spent before this account began, as a journal tells it, oldest first.
    pub fn note(&self, job: &str, tokens: u64, cost_usd: Option<f64>, at: Timestamp) {
        let mut books = lock(&self.books);
        books.turn_to(at);
        let is_today = books.kept.day == Some(day_of(at));
        let Snapshot { today, jobs, .. } = &mut books.kept;
        let job = jobs.entry(job.to_owned()).or_default();
        for account in [Some(job), is_today.then_some(today)].into_iter().flatten() {
            account.spend(tokens, cost_usd.map(MicroUsd::about));
        }
    }

    /// Asks for the right to make a call.
    pub fn reserve(&self, job: &str, call: &Call, now: Timestamp) -> Admission {
        let mut books = lock(&self.books);
        books.turn_to(now);
        let rooms = books.rooms(job, call);
        if let Some(room) = rooms.iter().find(|room| room.attempts() == 0) {
            return Admission::Paused(room.paused(now));
        }
        let cost = call.cost_max();
        let tokens = tokens_max(call);
        let open = books.kept.jobs.entry(job.to_owned()).or_default();
        open.reserve(tokens, cost);
        books.kept.today.reserve(tokens, cost);
        Admission::Granted(Reservation {
            books: Arc::clone(&self.books),
            job: job.to_owned(),
            tokens,
            cost,
            is_settled: false,
        })
    }

    /// How many such calls the job can make, with a warning if they are fewer than `wanted`.
    pub fn attempts_affordable(
        &self,
        job: &str,
        call: &Call,
        wanted: u64,
        now: Timestamp,
    ) -> Affordable {
        let mut books = lock(&self.books);
        books.turn_to(now);
        let rooms = books.rooms(job, call);
        let tightest = rooms
            .iter()
            .min_by_key(|room| room.attempts())
            .expect("tokens are always bounded");
        let attempts = tightest.attempts();
        let limit = tightest.limit;
        let warning = (attempts < wanted).then(|| {
            format!(
                "{} allows {attempts} attempts, {wanted} may be needed: the job will pause when \
                 they are used up",
                limit.as_str()
            )
        });
        Affordable {
            attempts,
            limit,
            warning,
        }
    }

    pub fn spent(&self, job: &str) -> Spent {
        let books = lock(&self.books);
        books
            .kept
            .jobs
            .get(job)
            .map(Account::spent)
            .unwrap_or_default()
    }

    pub fn spent_on(&self, day: Date) -> Spent {
        let books = lock(&self.books);
        if books.kept.day == Some(day) {
            books.kept.today.spent()
        } else {
            Spent::default()
        }
    }

    /// Forgets a job that has ended; what it spent stays in the day's account.
    pub fn close(&self, job: &str) -> Spent {
        let closed = lock(&self.books).kept.jobs.remove(job);
        closed.unwrap_or_default().spent()
    }
}

impl Reservation {
    /// The call is over: this is what it used. `None` is a cost that nobody knows.
    pub fn settle(mut self, usage: Usage, cost_usd: Option<f64>) {
        let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
        self.end(|account| account.spend(tokens, cost_usd.map(MicroUsd::about)));
    }

    /// The call was never made, or not billed.
    pub fn release(mut self) {
        self.end(|_account| ());
    }

    fn end(&mut self, spend: impl Fn(&mut Account)) {
        self.is_settled = true;
        let mut books = lock(&self.books);
        let Snapshot { today, jobs, .. } = &mut books.kept;
        // A job that was closed meanwhile is not counted any more.
        for account in jobs.get_mut(&self.job).into_iter().chain([today]) {
            account.unreserve(self.tokens, self.cost);
            spend(account);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.is_settled {
            let (tokens, cost) = (self.tokens, self.cost);
            self.end(|account| account.spend(tokens, cost));
        }
    }
}

impl std::fmt::Debug for Reservation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reservation")
            .field("job", &self.job)
            .field("tokens", &self.tokens)
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

impl Books {
    /// A clock that goes back does not bring a day back. What is reserved is carried over midnight.
    fn turn_to(&mut self, now: Timestamp) {
        let day = day_of(now);
        if self.kept.day.is_none_or(|before| before < day) {
            self.kept.day = Some(day);
            self.kept.today = Account {
                reserved_cost: self.kept.today.reserved_cost,
                reserved_tokens: self.kept.today.reserved_tokens,
                ..Account::default()
            };
        }
    }

    fn rooms(&self, job: &str, call: &Call) -> Vec<Room> {
        let known = self.kept.jobs.get(job);
        let account = known.copied().unwrap_or_default();
        let mut rooms = vec![Room {
            limit: Limit::TokensPerJob,
            allowed: self.budget.tokens_per_job,
            used: account.tokens.saturating_add(account.reserved_tokens),
            wanted: tokens_max(call),
        }];
        if known.is_none() && self.kept.jobs.len() >= JOBS_MAX {
            let jobs = JOBS_MAX as u64;
            rooms.push(Room {
                limit: Limit::JobsOpen,
                allowed: jobs,
                used: jobs,
                wanted: 1,
            });
        }
        let Some(cost) = call.cost_max() else {
            return rooms;
        };
        let dollars = |limit, allowed: Option<f64>, account: &Account| {
            allowed.map(|allowed| Room {
                limit,
                allowed: MicroUsd::about(allowed).0,
                used: account.cost.0.saturating_add(account.reserved_cost.0),
                wanted: cost.0,
            })
        };
        rooms.extend(dollars(Limit::PerJobUsd, self.budget.per_job_usd, &account));
        rooms.extend(dollars(
            Limit::PerDayUsd,
            self.budget.per_day_usd,
            &self.kept.today,
        ));
        rooms
    }
}

impl Room {
    fn attempts(&self) -> u64 {
        let left = self.allowed.saturating_sub(self.used);
        // What costs nothing can be had without end, unless more than all is spent already.
        left.checked_div(self.wanted)
            .unwrap_or(if self.used > self.allowed {
                0
            } else {
                u64::MAX
            })
    }

    fn paused(&self, now: Timestamp) -> Paused {
        let amount = |amount: u64| match self.limit {
            Limit::PerJobUsd | Limit::PerDayUsd => MicroUsd(amount).usd(),
            Limit::TokensPerJob | Limit::JobsOpen => count(amount),
        };
        // Tomorrow does not help a call that is dearer than a day.
        let is_over_tomorrow = self.limit == Limit::PerDayUsd && self.wanted <= self.allowed;
        Paused {
            limit: self.limit,
            allowed: amount(self.allowed),
            used: amount(self.used),
            wanted: amount(self.wanted),
            until: is_over_tomorrow.then(|| day_after(now)).flatten(),
        }
    }
}

impl Account {
    fn reserve(&mut self, tokens: u64, cost: Option<MicroUsd>) {
        self.reserved_tokens += tokens;
        self.reserved_cost.0 += cost.unwrap_or_default().0;
    }

    fn unreserve(&mut self, tokens: u64, cost: Option<MicroUsd>) {
        self.reserved_tokens = self.reserved_tokens.saturating_sub(tokens);
        self.reserved_cost.0 = self
            .reserved_cost
            .0
            .saturating_sub(cost.unwrap_or_default().0);
    }

    fn spend(&mut self, tokens: u64, cost: Option<MicroUsd>) {
        self.tokens = self.tokens.saturating_add(tokens);
        self.cost.0 = self.cost.0.saturating_add(cost.unwrap_or_default().0);
        self.calls += 1;
        self.calls_unpriced += u64::from(cost.is_none());
    }

    fn spend_reserved(&mut self) {
        self.tokens = self
            .tokens
            .saturating_add(std::mem::take(&mut self.reserved_tokens));
        let reserved = std::mem::take(&mut self.reserved_cost);
        self.cost.0 = self.cost.0.saturating_add(reserved.0);
    }

    fn spent(&self) -> Spent {
        Spent {
            cost_usd: self.cost.usd(),
            tokens: self.tokens,
            calls: self.calls,
            calls_unpriced: self.calls_unpriced,
        }
    }
}

fn tokens_max(call: &Call) -> u64 {
    let usage = call.usage_max();
    usage.input_tokens + usage.output_tokens
}

fn day_of(now: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(now).date()
}

/// `None` at the end of the calendar.
fn day_after(now: Timestamp) -> Option<Timestamp> {
    let tomorrow = day_of(now).tomorrow().ok()?;
    let midnight = tomorrow.to_zoned(TimeZone::UTC).ok()?;
    Some(midnight.timestamp())
}

fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().expect("nobody panics while holding it")
}
