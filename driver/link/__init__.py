"""Links carry bytes to a BMS and back; they know nothing of what the bytes mean."""
