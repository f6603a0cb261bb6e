"""The two listeners: the public one for providers and citizens, the internal one for those who work here."""
