"""Every sentence on the screen that is longer than a label: one module per page, ``common`` for the rest."""
