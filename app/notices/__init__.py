"""What people are told on screen, and by mail if they wish."""
