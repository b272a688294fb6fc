use std::any::Any;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinError;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

/// Why a call into somebody else's code gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallFailure {
    #[error("`{call}` panicked: {message}")]
    Panicked { call: &'static str, message: String },
    #[error("`{call}` did not return within {limit_ms} ms")]
    TimedOut { call: &'static str, limit_ms: u128 },
    /// It blocks its thread, where it cannot be aborted; a second call would block another one.
    #[error("an earlier `{call}` still blocks its thread")]
    StillBlocked { call: &'static str },
}

/// Calls into somebody else's code, one at a time, each in a task of its own and within a limit.
#[derive(Debug)]
pub(crate) struct Lane {
    call: &'static str,
    /// Aborted, and not known to have ended.
    overdue: Option<AbortOnDropHandle<()>>,
}

impl Lane {
    pub(crate) fn new(call: &'static str) -> Self {
        Self {
            call,
            overdue: None,
        }
    }

    pub(crate) async fn run<T, F>(&mut self, limit: Duration, future: F) -> Result<T, CallFailure>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let call = self.call;
        let deadline = Instant::now() + limit;
        if let Some(overdue) = &mut self.overdue {
            // However it ended, it was given up before.
            if timeout_at(deadline, overdue).await.is_err() {
                return Err(CallFailure::StillBlocked { call });
            }
            self.overdue = None;
        }
        let (sender, mut answer) = oneshot::channel();
        let mut task = AbortOnDropHandle::new(tokio::spawn(async move {
            // Nobody listens any more to a call that was given up.
            drop(sender.send(future.await));
        }));
        match timeout_at(deadline, &mut task).await {
            Ok(Ok(())) => answer.try_recv().map_err(|error| CallFailure::Panicked {
                call,
                message: error.to_string(),
            }),
            Ok(Err(error)) => Err(CallFailure::Panicked {
                call,
                message: ending_of(error),
            }),
            Err(_elapsed) => {
                task.abort();
                self.overdue = Some(task);
                Err(CallFailure::TimedOut {
                    call,
                    limit_ms: limit.as_millis(),
                })
            }
        }
    }
}

fn ending_of(error: JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => panic_message(panic.as_ref()),
        Err(cancelled) => cancelled.to_string(),
    }
}

pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "with a value that is no text".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(100);

    #[tokio::test(start_paused = true)]
    async fn a_panic_and_a_hang_become_failures_and_the_lane_goes_on() {
        let mut lane = Lane::new("health");

        let panicked = lane
            .run(LIMIT, async { panic!("index {} out of range", 7) })
            .await;
        let hung = lane.run(LIMIT, std::future::pending::<u8>()).await;
        let answered = lane.run(LIMIT, async { 7_u8 }).await;

        let panicked: Result<u8, CallFailure> = panicked;
        insta::assert_snapshot!(
            panicked.unwrap_err(),
            @"`health` panicked: index 7 out of range"
        );
        insta::assert_snapshot!(hung.unwrap_err(), @"`health` did not return within 100 ms");
        assert_eq!(answered, Ok(7));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_call_that_blocks_its_thread_is_not_started_a_second_time_until_it_returned() {
        let mut lane = Lane::new("health");
        let (release, released) = mpsc::sync_channel::<()>(1);

        let blocked = lane
            .run(Duration::from_millis(20), async move {
                released.recv().unwrap();
            })
            .await;
        let second = lane.run(LIMIT, async {}).await;
        release.send(()).unwrap();
        let third = lane.run(Duration::from_mins(1), async {}).await;

        assert_eq!(
            blocked,
            Err(CallFailure::TimedOut {
                call: "health",
                limit_ms: 20
            })
        );
        assert_eq!(second, Err(CallFailure::StillBlocked { call: "health" }));
        assert_eq!(third, Ok(()));
    }
}
