/// What a node shows at `/metrics`.
#[derive(Clone, Debug)]
pub struct Metrics(pub(crate) String);

impl Metrics {
    /// The value of a series, whose name and labels are given as the text has them.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn figure(&self, series: &str) -> f64 {
        let line = self
            .0
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        let value = line.and_then(|value| value.split(' ').next()?.parse().ok());
        value.unwrap_or_else(|| panic!("no {series} in\n{}", self.0))
    }

    /// How many series have this name, whatever their labels.
    pub fn series(&self, name: &str) -> usize {
        let named = |line: &&str| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
        };
        self.0.lines().filter(named).count()
    }
}
