"""Twenty wake phrases, and for each of them phrases that are one phone, one syllable or one short word away."""

PHRASES: dict[str, tuple[str, ...]] = {
    "hey snips": ("hey chips", "hey snaps", "hey ships", "hey snip", "hey snippets", "say snips"),
    "view glass": ("view class", "view grass", "few glass", "view glasses", "new glass"),
    "okay computer": ("okay commuter", "okay computers", "okay compute", "okay computing", "oh computer"),
    "turn on the light": ("turn off the light", "turn on the night", "turn on the lights", "burn on the light"),
    "hey jarvis": ("hey harvest", "hey service", "hey jars", "say jarvis", "hey jervis", "hey travis"),
    "good morning house": ("good morning mouse", "good evening house", "good warning house", "good morning how"),
    "stop the music": ("drop the music", "top the music", "stop a music", "stop the musing", "shop the music"),
    "alexa": ("a lexus", "alexia", "alexis", "electra", "a lecture"),
    "computer": ("commuter", "computers", "compute", "computed", "competer"),
    "hello robot": ("hello robert", "hello robots", "yellow robot", "fellow robot", "hello rowboat"),
    "open the door": ("open the drawer", "open the store", "open a door", "open the floor", "open the doors"),
    "set a timer": ("set a time", "get a timer", "set a tiger", "set the timer", "let a timer"),
    "play some jazz": ("play some chess", "play some jars", "pay some jazz", "play sam jazz", "lay some jazz"),
    "call my mother": ("call my brother", "call my other", "call her mother", "call my mothers", "fall my mother"),
    "lock the window": ("lock the widow", "block the window", "lock the windows", "look the window", "lock the winter"),
    "smart mirror": ("smart mirrors", "start mirror", "smart merit", "art mirror", "smart error"),
    "hey kitchen": ("hey kitten", "hey chicken", "hey kitchens", "may kitchen", "hey pigeon"),
    "next station": ("next nation", "text station", "next stations", "next stage", "next elation"),
    "what is the time": ("what is the dime", "what was the time", "what is a time", "that is the time"),
    "volume up": ("volume cup", "volume us", "column up", "volume at", "volume pup"),
}
