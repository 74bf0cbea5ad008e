//! How long the event loop was held: by one task at most, between two points at which it could turn to another.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

/// Measures every task that is spawned through it. Clones measure together.
#[derive(Debug, Clone, Default)]
pub struct Holds {
    longest_ns: Arc<AtomicU64>,
    recent_ns: Arc<AtomicU64>,
}

impl Holds {
    /// Spawns a task on the current loop, and measures it.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        tokio::spawn(Held { task: Box::pin(task), holds: self.clone() })
    }

    /// The longest so far.
    #[must_use]
    pub fn longest(&self) -> Duration {
        Duration::from_nanos(self.longest_ns.load(Ordering::Relaxed))
    }

    /// The longest since this was asked last.
    #[must_use]
    pub fn longest_since_asked(&self) -> Duration {
        Duration::from_nanos(self.recent_ns.swap(0, Ordering::Relaxed))
    }

    fn held(&self, time: Duration) {
        let time_ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.longest_ns.fetch_max(time_ns, Ordering::Relaxed);
        self.recent_ns.fetch_max(time_ns, Ordering::Relaxed);
    }
}

struct Held<F> {
    task: Pin<Box<F>>,
    holds: Holds,
}

impl<F: Future> Future for Held<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let begin = Instant::now();
        let polled = self.task.as_mut().poll(context);
        self.holds.held(begin.elapsed());
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::hint::spin_loop;

    use super::*;

    #[tokio::test]
    async fn who_works_holds_the_loop_and_who_waits_does_not() {
        let holds = Holds::default();
        let (working, waiting) = (Duration::from_millis(20), Duration::from_millis(200));
        holds
            .spawn(tokio::time::timeout(waiting, std::future::pending::<()>()))
            .await
            .unwrap()
            .unwrap_err();
        let idle = holds.longest_since_asked();
        let work = async move {
            let begin = Instant::now();
            while begin.elapsed() < working {
                spin_loop();
            }
        };
        holds.spawn(work).await.unwrap();
        assert!(idle < waiting, "{idle:?}");
        assert!(holds.longest() >= working);
        assert!(holds.longest_since_asked() >= working);
        assert_eq!(holds.longest_since_asked(), Duration::ZERO);
    }
}
