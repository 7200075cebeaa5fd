"""store/"""
