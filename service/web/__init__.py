"""The page: HTML, CSS and JavaScript modules, served as they lie here."""
