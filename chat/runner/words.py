"""What is said of a reply that ended early. Apart, so that who tells it needs no client of an engine."""

CANNOT_REACH = "The panel’s gateway cannot be reached. Try again; if it stays so, see /readyz."
BROKE_OFF = "The connection to the model broke off. Continue goes on from here."
RESTARTED = "The panel was restarted while this was written. Continue goes on from here."
TOO_LATE = "Not written in time: no generator took it within 10 minutes. Send it again."
TOO_LATE_TO_GO_ON = "No generator took it up again within 10 minutes."
UNWRITABLE = "What the model answered could not be kept. The log of the generator says why."
DIED = "The process that wrote this died. Continue goes on from here."
