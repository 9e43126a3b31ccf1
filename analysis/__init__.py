"""Everything one does with runs: metrics, studies, validation, pictures, reports, commands."""
