//! What kept the shop from serving more, from what its maker waited for and what its work took.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

/// From that share of the time on, something is more than an accident, percent.
const MUCH_PERCENT: u32 = 20;

/// What keeps the shop from serving more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Nothing in the shop: its maker waited for orders most of the time.
    Orders,
    /// The maker waits for patties: a bigger grill.
    Grill,
    /// The maker waits for the processor in the middle of its work: the machine has no more.
    Cores,
    /// The maker works all the time: there is only one.
    Worker,
}

impl Limit {
    /// As `/status` has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Grill => "grill",
            Self::Cores => "cores",
            Self::Worker => "worker",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Orders => "its customers, who were too few",
            Self::Grill => "its grill",
            Self::Cores => "the cores, which ran out",
            Self::Worker => "its worker",
        })
    }
}

/// How the maker spent its time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Waiting for orders.
    pub orders: Duration,
    /// Waiting for patties.
    pub patties: Duration,
    /// Finding customers.
    pub customers: Duration,
    /// Putting burgers together.
    pub work: Duration,
    /// CPU time of that.
    pub work_cpu: Duration,
}

impl Spent {
    /// What kept the shop from serving more; `None` before the first burger.
    #[must_use]
    pub fn limit(&self) -> Option<Limit> {
        let Self { orders, patties, customers, work, work_cpu } = *self;
        let is_much = |part: Duration, whole: Duration| part > whole / 100 * MUCH_PERCENT;
        let all = orders + patties + customers + work;
        Some(if work.is_zero() {
            return None;
        } else if orders > all / 2 {
            Limit::Orders
        } else if is_much(patties, all) {
            Limit::Grill
        } else if is_much(work.saturating_sub(work_cpu), work) {
            Limit::Cores
        } else {
            Limit::Worker
        })
    }

    /// What `/status` shows of it.
    #[must_use]
    pub fn status(&self) -> Value {
        let Self { orders, patties, customers, work, work_cpu } = self;
        json!({
            "waiting_for_orders_s": orders.as_secs_f64(),
            "waiting_for_patties_s": patties.as_secs_f64(),
            "finding_customers_s": customers.as_secs_f64(),
            "work_s": work.as_secs_f64(),
            "work_cpu_s": work_cpu.as_secs_f64(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_what_the_maker_waits_for_and_without_waiting_its_work() {
        let ms = Duration::from_millis;
        let spent = |orders, patties, work, work_cpu| Spent {
            orders: ms(orders),
            patties: ms(patties),
            customers: ms(1),
            work: ms(work),
            work_cpu: ms(work_cpu),
        };
        assert_eq!(Spent { patties: ms(100), ..Spent::default() }.limit(), None);
        assert_eq!(spent(600, 100, 20, 20).limit(), Some(Limit::Orders));
        assert_eq!(spent(10, 900, 20, 10).limit(), Some(Limit::Grill));
        assert_eq!(spent(10, 50, 900, 500).limit(), Some(Limit::Cores));
        assert_eq!(spent(10, 50, 900, 890).limit(), Some(Limit::Worker));
    }
}
