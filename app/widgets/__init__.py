"""Elements that do not depend on studies: tables, charts, sliders, pictures, forms; with their scripts and styles."""
