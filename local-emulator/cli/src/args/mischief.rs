//! What `--mischief` takes: what AWS permits standard queues and seldom does.

use lunch_cloud::sqs::Mischief;

use crate::span;

/// What the flag means alone.
pub(super) const USUAL: &str = "duplicate=0.1,reorder=5,late=1s";

/// Reads `duplicate=0.1,reorder=5,late=10s`, any of them, or `none`.
pub(super) fn mischief(text: &str) -> Result<Mischief, String> {
    let mut mischief = Mischief::default();
    for part in text.split(',').filter(|_| text != "none") {
        let (name, value) = part.split_once('=').ok_or_else(|| unknown(part))?;
        match name.trim() {
            "duplicate" => mischief.duplicate = probability(value)?,
            "reorder" => {
                mischief.reorder = value.parse().map_err(|_| {
                    format!("`{value}` is no number of places\n(write `reorder=5`)")
                })?;
            }
            "late" => {
                mischief.late = span::parse(value).map_err(|error| error.to_string())?;
            }
            _ => return Err(unknown(part)),
        }
    }
    Ok(mischief)
}

/// One would never let a message go.
fn probability(value: &str) -> Result<f64, String> {
    let number = value.parse().ok().filter(|number| (0.0..1.0).contains(number));
    number.ok_or_else(|| {
        format!("`{value}` is no probability from 0 to less than 1\n(write `duplicate=0.1`)")
    })
}

fn unknown(part: &str) -> String {
    format!("`{part}` is no mischief\n(write `{USUAL}`, any of the three, or `none`)")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn mischief_is_any_of_three_or_none() {
        let late = Duration::from_secs(10);
        let all = Mischief { duplicate: 0.25, reorder: 7, late };
        assert_eq!(mischief("duplicate=0.25,reorder=7,late=10s"), Ok(all));
        assert_eq!(mischief("late=10s"), Ok(Mischief { late, ..Mischief::default() }));
        assert_eq!(mischief("none"), Ok(Mischief::default()));
        assert!(mischief(USUAL).is_ok_and(|usual| usual.duplicate > 0.0 && usual.reorder > 0));
        for (wrong, told) in [
            ("duplicate=1", "`1` is no probability"),
            ("duplicate=NaN", "`NaN` is no probability"),
            ("reorder=-1", "`-1` is no number of places"),
            ("late=10", "`10` is no span of time"),
            ("twice", "`twice` is no mischief"),
            ("lost=0.1", "`lost=0.1` is no mischief"),
            ("", "`` is no mischief"),
        ] {
            let error = mischief(wrong).expect_err(wrong);
            assert!(error.starts_with(told), "{wrong}: {error}");
        }
    }
}
