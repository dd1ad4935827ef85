"""FER+: ten people's votes on each picture of FER2013. Reading them, joining them to pictures, labels made of them."""
