//! What the burger shop shows at its door: how its kitchen is, and how nourishing burgers are.

use std::sync::Arc;

use serde_json::{Value, json};
use shopfront::{Answer, Answering, Routes};

use crate::nutrition::{BURGERS_MAX, kilojoules};
use crate::pool::Pool;
use crate::shop::Shop;

/// The shop's routes: `/nutrition?n=BURGERS`, and with `&pool=off` the same on the event loop, which it holds meanwhile.
#[derive(Debug)]
pub struct Door<Order> {
    /// Whose door it is.
    pub shop: Arc<Shop<Order>>,
    /// For what would hold the loop.
    pub pool: Arc<Pool>,
}

impl<Order: Send + 'static> Routes for Door<Order> {
    fn status(&self) -> Value {
        self.shop.status()
    }

    fn answer(&self, path: &str, query: &str) -> Option<Answering> {
        if path != "/nutrition" {
            return None;
        }
        let (asked, pool) = (Asked::from(query), Arc::clone(&self.pool));
        Some(Box::pin(async move {
            match asked {
                Ok(asked) => asked.answer(&pool).await,
                Err(why) => Answer::bad(&why),
            }
        }))
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Asked {
    burgers: u32,
    by_pool: bool,
}

impl Asked {
    fn from(query: &str) -> Result<Self, String> {
        let (mut burgers, mut by_pool) = (None, true);
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("n", number)) => burgers = number.parse().ok(),
                Some(("pool", "on")) => by_pool = true,
                Some(("pool", "off")) => by_pool = false,
                Some(_) | None => {
                    return Err(format!(
                        "`{part}` is not known here, but `n=BURGERS` and `pool=off`"
                    ));
                }
            }
        }
        match burgers {
            Some(burgers @ 1..=BURGERS_MAX) => Ok(Self { burgers, by_pool }),
            Some(_) | None => {
                Err(format!("`n` has to be a number of burgers from 1 to {BURGERS_MAX}"))
            }
        }
    }

    async fn answer(self, pool: &Pool) -> Answer {
        let Self { burgers, by_pool } = self;
        if !by_pool {
            return told(burgers, kilojoules(burgers), by_pool);
        }
        let asked = pool.ask(&burgers.to_string()).await;
        let answered = asked.map(|line| line.parse());
        match answered {
            Ok(Ok(kilojoules)) => told(burgers, kilojoules, by_pool),
            Ok(Err(_)) => Answer { status: 500, ..Answer::bad("the pool answers with no number") },
            Err(why) => Answer { status: 500, ..Answer::bad(&format!("the pool cannot: {why}")) },
        }
    }
}

fn told(burgers: u32, kilojoules: u64, by_pool: bool) -> Answer {
    let pool = if by_pool { "on" } else { "off" };
    Answer::ok(&json!({"n": burgers, "kilojoules": kilojoules, "pool": pool}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_a_number_of_burgers() {
        assert_eq!(Asked::from("n=3"), Ok(Asked { burgers: 3, by_pool: true }));
        assert_eq!(Asked::from("n=3&pool=off"), Ok(Asked { burgers: 3, by_pool: false }));
        for query in ["", "n=0", "n=1000001", "n=-1", "n=3&pool=maybe", "m=3"] {
            let why = Asked::from(query).expect_err("it makes no sense");
            assert!(why.contains('`'), "{why}");
        }
    }
}
