"""project/"""
