"""What is printed: labels, slips, receipts, gift notes, manifests. Facts in, bytes out."""
