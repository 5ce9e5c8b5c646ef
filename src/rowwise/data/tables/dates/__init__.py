"""Dates, times of day and durations, as texts or typed → timestamps and seconds.

- `grammar`: the ways of writing a date, and which of them one text is written in;
- `zones`: the offset at the end of a moment, and moments of any zone in one zone;
- `timestamps`: a column's values → Datetime;
- `evidence`: a column, batch by batch → whether it holds dates, written how, with the day or the month first;
- `order`: the day-month order that one column of a file proves → the order of the others;
- `durations`: `1 days 02:00:00`, `02:15:30`, `PT2H` → seconds.
"""
