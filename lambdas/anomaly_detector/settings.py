"""The detector's settings.

Belongs here: the environment of the function as a typed value, its thresholds included.
"""

from lambdas.anomaly_detector.rules import Thresholds
from lambdas.anomaly_detector.state import MOST, SESSION_MIN
from lambdas.anomaly_detector.traffic import TrafficLimits
from lambdas.shared.stream import StreamEnvironment


class DetectorEnvironment(StreamEnvironment, frozen=True, kw_only=True):
    """The detector's environment.

    Attributes:
        table_prefix: Prefix of the tables' names.
        alert_topic_arn: The SNS topic of alerts.
        stream_name: The stream, to ask for the parents of a shard.
        session_minute_events: Events of a session in one minute that are still ordinary.
        views_before_checkout: Page views a session has before an ordinary checkout, 0 to 255.
        suspicious_words: Words by which a User-Agent names a robot, separated by commas.
        traffic_baseline_min: How many minutes before a minute it is compared with, 1 to 28.
        traffic_min_events: Events of a type in a minute on a shard below which nothing is said.
        traffic_spike_factor: How many times the mean a minute must exceed, more than 1.
        traffic_drop_factor: Below which share of the mean a minute must fall, 0 to 1.
    """

    table_prefix: str
    alert_topic_arn: str
    stream_name: str
    session_minute_events: int = Thresholds().session_minute_events
    views_before_checkout: int = Thresholds().views_before_checkout
    suspicious_words: str = ",".join(Thresholds().suspicious_words)
    traffic_baseline_min: int = TrafficLimits().baseline_min
    traffic_min_events: int = TrafficLimits().min_events
    traffic_spike_factor: float = TrafficLimits().spike_factor
    traffic_drop_factor: float = TrafficLimits().drop_factor

    def __post_init__(self) -> None:
        """Checks the ranges.

        Raises:
            ValueError: Naming the variable that is out of range, and the range.
        """
        ranges: tuple[tuple[str, float, float], ...] = (
            ("session_minute_events", 1, 65_534),
            ("views_before_checkout", 0, MOST),
            ("traffic_baseline_min", 1, SESSION_MIN - 2),
            ("traffic_min_events", 1, 1e9),
            ("traffic_spike_factor", 1, 1e9),
            ("traffic_drop_factor", 0, 1),
        )
        for name, low, high in ranges:
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name.upper()} is {value:g}: give {low:g} to {high:g}")

    @property
    def thresholds(self) -> Thresholds:
        """From where on something is an anomaly."""
        words = (word.strip().lower() for word in self.suspicious_words.split(","))
        return Thresholds(
            self.session_minute_events,
            self.views_before_checkout,
            tuple(word for word in words if word),
            TrafficLimits(
                self.traffic_baseline_min,
                self.traffic_min_events,
                self.traffic_spike_factor,
                self.traffic_drop_factor,
            ),
        )
