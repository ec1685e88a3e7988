"""NET: network interfaces, by the type of where their traffic goes, and by what stands in them."""
