"""What a customer is asked, where a vendor cannot send what was ordered."""
