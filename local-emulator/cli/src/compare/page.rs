//! A report for people: as plain text, or as Markdown.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};

use super::article::{Verdict, kib};
use super::figures::{Figures, Kind, Row, Spread, number};
use super::report::Report;
use crate::summary::{plain_table, right_align};

/// Wider than that no table of text is: sentences are broken into lines.
const WIDTH: u16 = 150;

/// In what form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Markdown,
}

/// The whole page.
pub(crate) fn page(report: &Report, form: Form) -> String {
    let mut page = Page { form, text: String::new() };
    let figures = &report.figures;
    page.line(&preamble(figures));
    for work in Kind::ALL {
        page.heading(work.name());
        page.table(&rows(figures, work), 1..9);
    }
    page.line(NOTES);
    page.heading("What a worker costs");
    page.table(&costs(figures), 1..4);
    page.line(&calls(figures));
    page.heading("The shops as they are built");
    page.table(&shops(figures), 2..9);
    page.line(&aside(figures));
    page.heading("The article's table");
    page.table(&article(report), 0..0);
    page.heading("Its pros and cons");
    page.table(&pros(report), 0..0);
    page.heading("A function, or a task that is always on");
    page.table(&break_even(report), 1..6);
    page.line(&sums(report));
    page.text
}

const NOTES: &str = "in progress: the most pieces begun and not done at once. executing: the most cores at once on which one was calculated all of the time. \
memory: what only the workers' processes hold. GB-s: memory times wall; of functions as AWS bills them, size times billed milliseconds. \
[sim]: played in virtual time by the machine that serves here, with the median of what was measured; each instance has a core of its own there.";

fn preamble(figures: &Figures) -> String {
    format!(
        "{} cores; a piece waits {} ms, or calculates {} rounds ({} ms of a core); {} repeats of {} s each: median (least-most)",
        figures.cores,
        figures.waits_ms,
        figures.rounds,
        figures.calculates_ms,
        figures.repeats,
        number(figures.seconds),
    )
}

type Rows = Vec<Vec<String>>;

fn header(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn rows(figures: &Figures, work: Kind) -> Rows {
    let mut table = vec![header(&[
        "",
        "workers",
        "in progress",
        "executing",
        "pieces/s",
        "speed-up",
        "wall s",
        "CPU s",
        "memory",
        "GB-s",
    ])];
    let rows = figures.rows.iter().filter(|row| row.work == work);
    table.extend(rows.map(row));
    table
}

fn row(row: &Row) -> Vec<String> {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let mark = if row.is_played { " [sim]" } else { "" };
    let refused = if row.refused > 0 { format!(", {} x 429", row.refused) } else { String::new() };
    // In virtual time nothing is worked, and what was not measured is not shown.
    let measured = |spread: Spread| (!row.is_played).then(|| spread.to_string());
    vec![
        format!("{}{mark}", row.way.name()),
        row.workers.to_string(),
        format!("{}{refused}", row.in_progress),
        or_none(row.executing.map(|executing| executing.to_string())),
        row.pieces_per_s.to_string(),
        format!("x{}", number(row.speed_up)),
        row.wall_s.to_string(),
        or_none(measured(row.cpu_s)),
        or_none(row.memory_bytes.map(kib)),
        or_none(row.gb_s.map(number)),
    ]
}

fn costs(figures: &Figures) -> Rows {
    let mut table = vec![header(&["", "to make one, us", "memory of one", "a switch, us"])];
    table.extend(figures.costs.iter().map(|cost| {
        vec![
            cost.way.name().to_owned(),
            cost.create_us.to_string(),
            cost.memory_bytes.map_or_else(|| "not measured".to_owned(), kib),
            cost.switch_us.map_or_else(|| "-".to_owned(), |us| us.to_string()),
        ]
    }));
    table
}

fn calls(figures: &Figures) -> String {
    let calls = figures.calls;
    format!(
        "a coffee that finds no instance: {} ms to its INIT's end, INIT {} ms of it; a call that finds one and asks for nothing: {} ms; a small cold brew is billed {} ms at {} MB",
        calls.cold_ms,
        calls.init_ms,
        calls.warm_ms,
        number(calls.coffee_billed_ms),
        calls.memory_mb,
    )
}

fn shops(figures: &Figures) -> Rows {
    let mut table = vec![header(&[
        "",
        "size",
        "served",
        "per s",
        "in progress",
        "executing",
        "wall s",
        "CPU s",
        "forced switches",
    ])];
    let or_none =
        |count: Option<u64>| count.map_or_else(|| "-".to_owned(), |count| count.to_string());
    table.extend(figures.shops.iter().map(|shop| {
        vec![
            shop.name.clone(),
            shop.size.clone(),
            shop.served.to_string(),
            number(shop.per_s),
            or_none(shop.in_progress),
            or_none(shop.executing),
            number(shop.wall_s),
            number(shop.cpu_s),
            or_none(shop.involuntary_switches),
        ]
    }));
    table
}

fn aside(figures: &Figures) -> String {
    let aside = figures.aside;
    format!(
        "the aside, GET /nutrition?n={} while the burger shop is open: its event loop was held for {} ms at the longest with the pool of processes, and for {} ms without (pool=off)",
        aside.burgers, aside.with_pool_ms, aside.without_pool_ms
    )
}

fn article(report: &Report) -> Rows {
    let mut table = vec![header(&["", "option", "the article", "measured", "verdict"])];
    let mut before = "";
    for cell in &report.article {
        let verdict = match &cell.verdict {
            Verdict::Holds => "holds".to_owned(),
            Verdict::Differs(why) => format!("differs: {why}"),
            Verdict::Argued(why) => format!("argued: {why}"),
        };
        let row = if cell.row == before { "" } else { cell.row };
        before = cell.row;
        table.push(vec![
            row.to_owned(),
            cell.option.name().to_owned(),
            cell.claim.to_owned(),
            cell.found.clone(),
            verdict,
        ]);
    }
    table
}

fn pros(report: &Report) -> Rows {
    let mut table = vec![header(&["", "", "the article", "is", "because"])];
    table.extend(report.pros_and_cons.iter().map(|point| {
        vec![
            point.option.name().to_owned(),
            if point.is_pro { "for" } else { "against" }.to_owned(),
            point.claim.to_owned(),
            point.status.name().to_owned(),
            point.because.clone(),
        ]
    }));
    table
}

fn break_even(report: &Report) -> Rows {
    let mut table = vec![header(&[
        "a request",
        "billed",
        "a million of them",
        "Fargate task",
        "it a month",
        "the task is cheaper from",
    ])];
    table.extend(report.break_even.iter().map(|row| {
        vec![
            row.what.to_owned(),
            format!("{} ms, {} MB", number(row.billed_ms), row.memory_mb),
            format!("${}", number(row.usd_per_million_requests)),
            format!("{} vCPU, {} GB", row.task.vcpu, row.task.gb),
            format!("${}", number(row.task_usd_a_month)),
            format!(
                "{} million a month ({} a second)",
                number(row.requests_a_month / 1e6),
                number(row.requests_a_second)
            ),
        ]
    }));
    table
}

fn sums(report: &Report) -> String {
    let sum = report.break_even.first().map_or("", |row| row.sum.as_str());
    format!(
        "prices of {}, us-east-1, Linux on x86, on demand, without the free tier; the first sum: {sum}",
        report.prices_as_of
    )
}

struct Page {
    form: Form,
    text: String,
}

impl Page {
    fn heading(&mut self, words: &str) {
        let lead = match self.form {
            Form::Text => "",
            Form::Markdown => "## ",
        };
        writeln!(self.text, "\n{lead}{words}\n").expect("a string takes what is written");
    }

    fn line(&mut self, words: &str) {
        let gap = if self.text.is_empty() { "" } else { "\n" };
        writeln!(self.text, "{gap}{words}").expect("a string takes what is written");
    }

    /// The first row is the header; these columns hold numbers.
    fn table(&mut self, rows: &Rows, numbers: std::ops::Range<usize>) {
        let mut table = match self.form {
            Form::Text => plain_table(),
            Form::Markdown => markdown_table(),
        };
        let mut rows = rows.iter();
        if let Some(header) = rows.next() {
            table.set_header(header);
        }
        table.add_rows(rows);
        if self.form == Form::Text {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
            right_align(&mut table, numbers);
        }
        writeln!(self.text, "{}", table.trim_fmt()).expect("a string takes what is written");
    }
}

fn markdown_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table
}

/// Where a run has no more than this to tell, it is told so: nothing runs beside anything on one core.
pub(crate) fn warning(figures: &Figures) -> Option<&'static str> {
    (figures.cores < 2).then_some(
        "this machine has one core for lunch: nothing can be parallel here, whatever is said of the options",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::sample::figures;

    #[test]
    fn a_page_has_every_table() {
        insta::assert_snapshot!(page(&Report::of(figures(2)), Form::Text));
    }

    #[test]
    fn in_markdown_every_table_is_one() {
        let text = page(&Report::of(figures(2)), Form::Markdown);
        let headings = text.lines().filter(|line| line.starts_with("## ")).count();
        let rules = text.lines().filter(|line| line.starts_with("|--")).count();
        assert_eq!((headings, rules), (7, 7));
        let cell = "| most executing at once";
        let found = text.lines().find(|line| line.starts_with(cell)).expect("a row of the article");
        assert!(found.contains("| differs: in Rust as many as there are cores"), "{found}");
    }

    #[test]
    fn one_core_is_warned_of() {
        assert!(warning(&figures(1)).is_some() && warning(&figures(2)).is_none());
    }
}
