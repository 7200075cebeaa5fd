"""notify/"""
