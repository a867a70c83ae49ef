"""Whatever looks at runs: comparisons, figures, explanations of adaptation, reports and films."""
