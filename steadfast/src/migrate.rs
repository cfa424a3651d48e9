//! Functions to move to, one call at a time.
