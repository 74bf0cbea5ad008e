//! What is shown is what there is: the counts that are kept are those that are counted.

use lunch_cloud::ecs::Ecs;
use lunch_contract::ecs::TaskStatus;

use super::{Book, Law};
use crate::laws::{Verdict, require};

#[derive(Debug, Default)]
pub(super) struct Counts;

impl Law for Counts {
    fn name(&self) -> &'static str {
        "counts"
    }

    fn look(&mut self, book: &Book, ecs: &Ecs) -> Verdict {
        for view in ecs.services() {
            let count = |which: fn(&super::book::Guest) -> bool| {
                u32::try_from(book.of(view.service).filter(|one| which(one)).count()).unwrap_or(0)
            };
            let counted = [
                count(|one| one.status.is_pending()),
                count(|one| one.status == TaskStatus::Running),
                count(|one| one.counts && one.is_alive()),
                count(|one| !one.is_stopped()),
            ];
            let shown = [view.pending, view.running, view.healthy, view.unstopped];
            require(shown == counted, || {
                format!("{} shows {shown:?}, and {counted:?} were counted", view.service)
            })?;
        }
        let (shown, counted) = (ecs.tasks().count(), book.tasks.len());
        require(shown == counted, || format!("{shown} tasks are shown, of {counted}"))
    }
}
