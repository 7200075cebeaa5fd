"""emulator/"""
