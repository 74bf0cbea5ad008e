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
    /// A task gives its place back.
    Deprovisioning,
    /// A task is made known.
    Activating,
    /// A task is made unknown.
    Deactivating,
    /// A task or a container runs.
    Running,
    /// It runs, and is healthy.
    Healthy,
    /// A task is told to end, or a container.
    TaskStopping,
    /// A task gets its place.
    Provisioning,
    /// A task's containers are being started.
    Pending,
    /// It runs, and its health checks fail.
    Ails,
    /// The end of a task.
    Stopped,
    /// A container could not be started.
    NotStarted,
    /// A container ended by itself.
    Exited,
    /// A container that had ended by itself is started again in its place.
    Restarted,
    /// A service's deployment has replaced all tasks.
    DeployedWell,
    /// A service's deployment has come to nothing.
    DeployedIll,
    /// A service's deployment is in progress.
    Deploying,
    /// A service has what it wants.
    Steady,
    /// A service's deployment begins.
    Deployed,
    /// A service says what it cannot do.
    Complains,
    /// The circuit breaker has ended a deployment.
    DeploymentFailed,
}

impl Glyph {
    /// In the order of a legend, which is about the order of a life.
    pub(super) const LEGEND: [Self; 32] = [
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
        Self::Provisioning,
        Self::Pending,
        Self::Activating,
        Self::Running,
        Self::Healthy,
        Self::Ails,
        Self::NotStarted,
        Self::Exited,
        Self::Restarted,
        Self::Deactivating,
        Self::TaskStopping,
        Self::Deprovisioning,
        Self::Stopped,
        Self::Deployed,
        Self::Deploying,
        Self::Steady,
        Self::DeployedWell,
        Self::DeploymentFailed,
        Self::DeployedIll,
        Self::Complains,
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
            Self::TimedOut | Self::NotStarted => '✗',
            Self::Provisioning | Self::Deprovisioning => '░',
            Self::Pending => '▒',
            Self::Activating | Self::Deactivating => '▚',
            Self::Running => '═',
            Self::Healthy => '━',
            Self::Ails => '╍',
            Self::TaskStopping => '▞',
            Self::Stopped => '┤',
            Self::Restarted => '↻',
            Self::Exited => '%',
            Self::DeployedWell => '·',
            Self::DeployedIll => '×',
            Self::Deploying => '»',
            Self::Steady => 'S',
            Self::Deployed => 'D',
            Self::Complains => '!',
            Self::DeploymentFailed => 'F',
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
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Healthy => "RUNNING, healthy",
            Self::Ails => "RUNNING, UNHEALTHY",
            Self::NotStarted => "not started",
            Self::Exited => "exited by itself",
            Self::Restarted => "exited, restarted",
            Self::Deactivating => "DEACTIVATING",
            Self::TaskStopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
            Self::Deployed => "deployment begins",
            Self::Deploying => "deployment IN_PROGRESS",
            Self::Steady => "steady state",
            Self::DeployedWell => "deployment COMPLETED",
            Self::DeploymentFailed => "deployment fails",
            Self::DeployedIll => "deployment FAILED",
            Self::Complains => "service event",
        }
    }

    pub(super) const fn style(self) -> Style {
        let plain = Style::new();
        match self {
            Self::Nothing => plain,
            Self::Idle => colour(AnsiColor::Cyan),
            Self::Frozen => colour(AnsiColor::Blue),
            Self::Reset => colour(AnsiColor::Red).effects(Effects::DIMMED),
            Self::Placing | Self::Provisioning => colour(AnsiColor::Magenta),
            Self::Stopping
            | Self::Reclaimed
            | Self::Deactivating
            | Self::TaskStopping
            | Self::Deprovisioning
            | Self::Stopped
            | Self::DeployedWell => colour(AnsiColor::BrightBlack),
            Self::Invoke | Self::Healthy | Self::Steady => colour(AnsiColor::Green),
            Self::Thawed => colour(AnsiColor::BrightGreen),
            Self::Init | Self::Pending | Self::Activating | Self::Restarted => {
                colour(AnsiColor::Yellow)
            }
            Self::Running | Self::Deployed | Self::Deploying => colour(AnsiColor::Cyan),
            Self::DeployedIll => colour(AnsiColor::Red),
            Self::Refused
            | Self::Crashed
            | Self::TimedOut
            | Self::Ails
            | Self::NotStarted
            | Self::Exited
            | Self::Complains
            | Self::DeploymentFailed => colour(AnsiColor::BrightRed).effects(Effects::BOLD),
        }
    }
}

const fn colour(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(colour)))
}
