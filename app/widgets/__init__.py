"""What is drawn and knows no study: tables, charts, sliders, pictures, forms; scripts and styles beside them."""
