//! After the last order: time is put ahead, step by step, until the last instance has gone.

use std::time::Duration;

use lunch_cloud::ReclaimPolicy;
use lunch_host::wire::{Advance, Advanced, Ps};

use crate::commands::advance::few;
use crate::door::Door;
use crate::failure::Failure;
use crate::progress::Serving;
use crate::span;

/// As far as time is put ahead at once.
const STEP: Duration = Duration::from_secs(60);

/// After how long an instance that nobody calls has gone at the latest; `None`: it stays.
pub(super) fn idle_max(reclaim: &ReclaimPolicy) -> Option<Duration> {
    let life = reclaim.life.map(|(_, longest)| longest);
    [reclaim.function_idle, reclaim.instance_idle, life].into_iter().flatten().min()
}

/// Puts time ahead until no instance lives, and no farther than they can last.
pub(super) async fn until_all_have_gone(
    door: &Door,
    idle_max: Duration,
    progress: &Serving,
) -> Result<(), Failure> {
    let mut passed = Duration::ZERO;
    loop {
        let ps: Ps = door.read("/_lunch/ps").await?;
        // A step more than it takes: an instance that goes needs a moment.
        if ps.instances.is_empty() || passed > idle_max + STEP {
            return Ok(());
        }
        let ms = u64::try_from(STEP.as_millis()).expect("a minute is not long");
        let _: Advanced = door.ask("/_lunch/advance", &Advance { ms }).await?;
        passed += STEP;
        progress.says(&format!("nobody comes any more: {} later", span::clock(passed)));
    }
}

/// Who is still there in the end, if anybody.
pub(super) fn left(ps: &Ps) -> Option<String> {
    let names: Vec<_> = ps.instances.iter().map(|instance| instance.instance.clone()).collect();
    (!names.is_empty()).then(|| format!("still there in the end: {}\n", few(&names)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use lunch_cloud::Phase;
    use lunch_contract::Moment;
    use lunch_host::wire::PsInstance;

    use super::*;
    use crate::fake_cloud;

    #[test]
    fn the_shortest_rule_decides_how_long_the_idle_stay() {
        assert_eq!(idle_max(&ReclaimPolicy::aws_2020()), Some(Duration::from_secs(640)));
        assert_eq!(idle_max(&ReclaimPolicy::never()), None);
        let life = Some((Duration::from_secs(10), Duration::from_secs(20)));
        let only_life = ReclaimPolicy { life, ..ReclaimPolicy::never() };
        assert_eq!(idle_max(&only_life), Some(Duration::from_secs(20)));
    }

    /// A cloud whose instances go when that much time has passed; how far it was put ahead.
    async fn advanced(gone_after_ms: u64, idle_max: Duration) -> u64 {
        let ahead_ms = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&ahead_ms);
        let port = fake_cloud::open(move |method, _, body| {
            if method == "POST" {
                let asked: Advance = serde_json::from_str(body).expect("an advance");
                let now = clock.fetch_add(asked.ms, Ordering::Relaxed) + asked.ms;
                return fake_cloud::json(&Advanced {
                    by_ms: asked.ms,
                    ahead_ms: now,
                    wakes: Vec::new(),
                    happened: Vec::new(),
                });
            }
            let now = clock.load(Ordering::Relaxed);
            let living = now < gone_after_ms;
            fake_cloud::json(&Ps {
                now: Moment::from_millis(now),
                time: String::new(),
                ahead_ms: now,
                services: Vec::new(),
                tasks: Vec::new(),
                stopped_tasks: Vec::new(),
                functions: Vec::new(),
                instances: living.then(frozen).into_iter().collect(),
            })
        });
        let progress = Serving::begin(0, Duration::ZERO);
        let door = Door::new(port);
        until_all_have_gone(&door, idle_max, &progress).await.expect("a cloud");
        ahead_ms.load(Ordering::Relaxed)
    }

    fn frozen() -> PsInstance {
        PsInstance {
            instance: "i-0000".into(),
            function: "coffee".into(),
            phase: Phase::Frozen,
            since: Moment::ZERO,
            born: Moment::ZERO,
            invocations: 1,
            pid: None,
            isolation: None,
            memory_mb: 0,
            memory_size_mb: 128,
            wake: None,
            requests: Vec::new(),
        }
    }

    #[tokio::test]
    async fn time_is_put_ahead_until_nobody_lives_and_no_farther() {
        let ten_minutes = Duration::from_secs(600);
        assert_eq!(advanced(0, ten_minutes).await, 0);
        assert_eq!(advanced(150_000, ten_minutes).await, 180_000);
    }

    #[tokio::test]
    async fn whoever_never_goes_does_not_keep_us_for_ever() {
        assert_eq!(advanced(u64::MAX, Duration::from_secs(600)).await, 720_000);
    }
}
