"""What stores take and give: frozen structs without behaviour."""
