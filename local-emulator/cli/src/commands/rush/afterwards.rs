//! After the last order: time is put ahead, step by step, until the last instance has gone.

use std::time::Duration;

use lunch_cloud::ReclaimPolicy;
use lunch_host::wire::{Advance, Advanced, Ps};

use crate::commands::advance::few;
use crate::door::Door;
use crate::failure::{Code, Failure, OrFail as _};
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
        let ps: Ps = door.read("/_lunch/ps").await.or_fail(Code::Door)?;
        // A step more than it takes: an instance that goes needs a moment.
        if ps.instances.is_empty() || passed > idle_max + STEP {
            return Ok(());
        }
        let ms = u64::try_from(STEP.as_millis()).expect("a minute is not long");
        let _: Advanced = door.ask("/_lunch/advance", &Advance { ms }).await.or_fail(Code::Door)?;
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
    use super::*;

    #[test]
    fn the_shortest_rule_decides_how_long_the_idle_stay() {
        assert_eq!(idle_max(&ReclaimPolicy::aws_2020()), Some(Duration::from_secs(640)));
        assert_eq!(idle_max(&ReclaimPolicy::never()), None);
        let life = Some((Duration::from_secs(10), Duration::from_secs(20)));
        let only_life = ReclaimPolicy { life, ..ReclaimPolicy::never() };
        assert_eq!(idle_max(&only_life), Some(Duration::from_secs(20)));
    }
}
