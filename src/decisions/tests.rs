//! What decisions make of what Starts have seen, and of services that are slow.
