//! What `compare` is to measure.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// Workers at once, beside one: `2,16,64` (default: the number of cores, 16 and 64)
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = size)]
    pub(crate) sizes: Vec<usize>,
    /// How often each measurement is made (default: 3; `--quick`: 1)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) repeats: Option<u32>,
    /// How long each measurement begins new pieces, seconds (default: 0.3; `--quick`: 0.1)
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) seconds: Option<Duration>,
    /// Measure little: some seconds in all, of which nobody should draw conclusions
    #[arg(long)]
    pub(crate) quick: bool,
    /// Print the tables as Markdown
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// Print all figures, the article's table and its verdicts as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The checkout of lunch whose shops and functions are built and compared
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(crate) workspace: PathBuf,
    /// Build nothing: `burger`, `salad`, `coffee` and `scripted` are in this folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) programs: Option<PathBuf>,
}

/// More at once is a load and no comparison.
const SIZE_MAX: usize = 1_000;
const SECONDS_MAX: f64 = 60.0;

fn size(text: &str) -> Result<usize, String> {
    let size = text.trim().parse().ok().filter(|size| (1..=SIZE_MAX).contains(size));
    size.ok_or_else(|| format!("`{text}` is no number of workers from 1 to {SIZE_MAX}"))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: Option<f64> = text.trim().parse().ok();
    let fits = seconds.filter(|seconds| (0.001..=SECONDS_MAX).contains(seconds));
    let refused = || format!("`{text}` is no number of seconds from 0.001 to {SECONDS_MAX}");
    fits.map(Duration::from_secs_f64).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_and_a_time_are_numbers_that_make_sense() {
        assert_eq!(size("64"), Ok(64));
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        for text in ["0", "1001", "many", "-1"] {
            size(text).expect_err(text);
        }
        for text in ["0", "61", "soon", "NaN"] {
            seconds(text).expect_err(text);
        }
    }
}
