//! What a column of a lane can show: one character, one colour, one word in the legend.

use anstyle::{AnsiColor, Color, Effects, Style};

/// In order of weight: where several share a column the heaviest is shown, so that what is short is never lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Glyph {
    /// There is no instance.
    Nothing,
    /// Ready, and running.
    Idle,
    /// Ready, and stopped from running.
    Frozen,
    /// Without a process.
    Reset,
    /// AWS looks for a place.
    Placing,
    /// Being ended.
    Stopping,
    /// INVOKE.
    Invoke,
    /// INVOKE, right after the instance was thawed.
    Thawed,
    /// INIT.
    Init,
    /// The end of an instance.
    Reclaimed,
    /// A request was refused.
    Refused,
    /// The process ended by itself.
    Crashed,
    /// An invocation ran into its timeout.
    TimedOut,
}

impl Glyph {
    /// In the order of a legend, which is about the order of a life.
    pub(super) const LEGEND: [Self; 12] = [
        Self::Placing,
        Self::Init,
        Self::Invoke,
        Self::Thawed,
        Self::Idle,
        Self::Frozen,
        Self::TimedOut,
        Self::Crashed,
        Self::Reset,
        Self::Stopping,
        Self::Reclaimed,
        Self::Refused,
    ];

    pub(super) const fn char(self) -> char {
        match self {
            Self::Nothing => ' ',
            Self::Idle => '─',
            Self::Frozen => '┈',
            Self::Reset => '╌',
            Self::Placing => '░',
            Self::Stopping => '▞',
            Self::Invoke => '█',
            Self::Thawed => '▐',
            Self::Init => '▒',
            Self::Reclaimed => '┤',
            Self::Refused => '!',
            Self::Crashed => '%',
            Self::TimedOut => '✗',
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Idle => "idle",
            Self::Frozen => "frozen",
            Self::Reset => "reset, no process",
            Self::Placing => "placing",
            Self::Stopping => "shutdown",
            Self::Invoke => "invoke",
            Self::Thawed => "thawed, invoke",
            Self::Init => "init",
            Self::Reclaimed => "reclaimed",
            Self::Refused => "throttled",
            Self::Crashed => "exited, reset",
            Self::TimedOut => "timed out, reset",
        }
    }

    pub(super) const fn style(self) -> Style {
        let plain = Style::new();
        match self {
            Self::Nothing => plain,
            Self::Idle => colour(AnsiColor::Cyan),
            Self::Frozen => colour(AnsiColor::Blue),
            Self::Reset => colour(AnsiColor::Red).effects(Effects::DIMMED),
            Self::Placing => colour(AnsiColor::Magenta),
            Self::Stopping | Self::Reclaimed => colour(AnsiColor::BrightBlack),
            Self::Invoke => colour(AnsiColor::Green),
            Self::Thawed => colour(AnsiColor::BrightGreen),
            Self::Init => colour(AnsiColor::Yellow),
            Self::Refused | Self::Crashed | Self::TimedOut => {
                colour(AnsiColor::BrightRed).effects(Effects::BOLD)
            }
        }
    }
}

const fn colour(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(colour)))
}
